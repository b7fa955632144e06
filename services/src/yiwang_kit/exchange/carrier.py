"""What carries: one request, one reply, between this site and a neighbour; it may lose, double and reorder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Responder = Callable[[str, bytes], bytes]
"""Called with (neighbour, request); returns the reply. Runs in a thread that may block on the database."""


class LinkDown(Exception):
    """The neighbour did not answer; try again later. 链路中断。"""


class Carrier(Protocol):
    """Carries requests to and from this site's neighbours. 承载。"""

    def open(self, respond: Responder) -> None:
        """Begin to answer requests of the neighbours."""

    def request(self, peer: str, content: bytes, *, timeout: float) -> bytes:
        """Send a request and return the reply. Raises LinkDown."""

    def close(self) -> None:
        """Stop; requests under way raise LinkDown."""


class NoCarrier:
    """A site without links, or a command that only writes rows. 无链路。"""

    def open(self, respond: Responder) -> None:
        """Nothing asks."""

    def request(self, peer: str, content: bytes, *, timeout: float) -> bytes:
        """Nobody answers."""
        del content, timeout
        raise LinkDown(f"no carrier to {peer}")

    def close(self) -> None:
        """Nothing to close."""


class MemoryNetwork:
    """Sites of one process, joined by calls; a test may put weather between them. 内存网络。"""

    def __init__(self) -> None:
        self._responders: dict[str, Responder] = {}
        self.weather: Callable[[str, str, bytes, Callable[[bytes], bytes]], bytes] | None = None

    def carrier(self, site: str) -> MemoryCarrier:
        """Return a site's end."""
        return MemoryCarrier(self, site)

    def attach(self, site: str, respond: Responder | None) -> None:
        """Put a site on the network, or take it off."""
        if respond is None:
            self._responders.pop(site, None)
        else:
            self._responders[site] = respond

    def deliver(self, sender: str, receiver: str, content: bytes) -> bytes:
        """Carry one request through the weather."""

        def reach(request: bytes) -> bytes:
            respond = self._responders.get(receiver)
            if respond is None:
                raise LinkDown(f"{receiver} is not there")
            return respond(sender, request)

        return self.weather(sender, receiver, content, reach) if self.weather else reach(content)


class MemoryCarrier:
    """One site's end of a MemoryNetwork. 内存承载。"""

    def __init__(self, network: MemoryNetwork, site: str) -> None:
        self._network = network
        self._site = site

    def open(self, respond: Responder) -> None:
        """Answer from now on."""
        self._network.attach(self._site, respond)

    def request(self, peer: str, content: bytes, *, timeout: float) -> bytes:
        """Call the neighbour."""
        del timeout  # a call returns or raises
        return self._network.deliver(self._site, peer, content)

    def close(self) -> None:
        """Leave the network."""
        self._network.attach(self._site, None)
