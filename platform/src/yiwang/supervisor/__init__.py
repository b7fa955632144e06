"""Keeps the processes of one site, or of control, alive. Standard library only, so that no upgrade can take it down.

One supervisor an installation, detached, guarded by a file lock. It spawns from its main thread only, because a child's
death signal fires when the spawning *thread* ends, and it answers on a unix socket: status, apply, restart, stop, upgrade.
"""
