"""A port that nobody listens on now, for a server that lives for moments."""

from __future__ import annotations

import socket


def free_port(host: str) -> int:
    """Return a free TCP port of an address, chosen by the kernel."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
