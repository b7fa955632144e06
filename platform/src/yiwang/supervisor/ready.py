"""Ready checks by plain sockets: an HTTP library would double the memory of every supervisor."""

from __future__ import annotations

import socket
from typing import Any

TCP_SECONDS, HTTP_SECONDS = 0.2, 1.0
STATUS_LINE = 64
DEFAULT_PORT = 80


def answers(ready: dict[str, Any]) -> bool:
    """Return whether a ready check holds now."""
    if ready["kind"] == "none":
        return True
    try:
        if ready["kind"] == "tcp":
            with socket.create_connection((str(ready["host"]), int(ready["port"])), TCP_SECONDS):
                return True
        return http_good(str(ready["url"]))
    except (OSError, ValueError):
        return False


def http_good(url: str) -> bool:
    """Return whether a GET answers with 2xx."""
    host, port, path = split(url)
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, port), HTTP_SECONDS) as connection:
        connection.sendall(request.encode("ascii"))
        received = b""
        while b"\r\n" not in received and len(received) < STATUS_LINE:
            part = connection.recv(STATUS_LINE)
            if not part:
                break
            received += part
    words = received.split(b" ", 2)
    return len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1].startswith(b"2")


def split(url: str) -> tuple[str, int, str]:
    """Return host, port and path of an ``http://`` address."""
    scheme, _, rest = url.partition("://")
    if scheme != "http":
        raise ValueError(f"not an http address: {url}")
    place, _, path = rest.partition("/")
    host, _, port = place.rpartition(":") if ":" in place else (place, "", str(DEFAULT_PORT))
    return host, int(port), f"/{path}"
