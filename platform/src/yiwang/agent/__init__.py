"""The loop at a site: poll, verify, apply, prove, report. The only one that writes the site."""
