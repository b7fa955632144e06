"""Work orders from intake to closure, within a site and between sites. 协同处置。"""
