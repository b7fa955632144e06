"""Probes: each looks at one thing and brings facts back. They judge nothing and change nothing.

A probe runs as a process of its own (`python -m yiwang.adapters.probes`), with the standard library alone, so that
whatever it meets (a hang, a crash, binary output) ends that process and not the inspection.
"""
