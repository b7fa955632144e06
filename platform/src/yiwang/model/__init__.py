"""Types without input or output: what a site, a tier, a service, a release and a proof are."""
