"""Divisions, departments, people, posts and rights; the site's own sign-in provider. 综合管理。"""
