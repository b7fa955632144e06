"""Lets the command line run without its installed script: ``python -m yiwang.cli``."""

from yiwang.cli.main import main

main()
