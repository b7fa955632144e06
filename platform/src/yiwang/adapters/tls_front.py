"""Control's door: ends TLS, remembers by whose certificate each connection came, and passes the bytes on.

The web server can check client certificates but not tell the application whose it was. So TLS ends here, in the same
process, and every connection is carried on to the server's own plain port under a source port of its own: the source
port is the name by which the application asks who came. What reaches the plain port by another way is nobody.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from yiwang.adapters.tls import PeerCertificate, peer_certificate

CHUNK = 1 << 16
HANDSHAKE_SECONDS = 10.0
CLOSING_SECONDS = 2.0
Place = tuple[str, int]


@dataclass
class Channels:
    """The connections that came through TLS, by their place on the inner side. 已验证通道。"""

    _open: dict[Place, PeerCertificate | None] = field(default_factory=dict)

    def opened(self, place: Place, certificate: PeerCertificate | None) -> None:
        """Remember a connection before its first byte is passed on."""
        self._open[place] = certificate

    def closed(self, place: Place) -> None:
        """Forget a connection before its port can be anybody else's."""
        self._open.pop(place, None)

    def known(self, place: Place) -> bool:
        """Whether a connection came through TLS."""
        return place in self._open

    def certificate(self, place: Place) -> PeerCertificate | None:
        """Return the certificate that a connection came with."""
        return self._open.get(place)


@dataclass
class Front:
    """One TLS listener before one plain server of this process. TLS 前端。"""

    context: ssl.SSLContext
    listen: Place
    inner: Place
    channels: Channels
    _server: asyncio.Server | None = None
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> None:
        """Begin listening."""
        self._server = await asyncio.start_server(
            self._talk, *self.listen, ssl=self.context, limit=CHUNK, ssl_handshake_timeout=HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=CLOSING_SECONDS,
        )  # fmt: skip

    async def close(self) -> None:
        """Stop listening and end the open connections."""
        if self._server is not None:
            self._server.close()
        for talk in tuple(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until both sides have said all."""
        task = asyncio.current_task()
        if task is not None:
            self._talks.add(task)
            task.add_done_callback(self._talks.discard)
        try:
            answers, asks = await asyncio.open_connection(*self.inner, limit=CHUNK)
        except OSError:
            writer.close()
            return
        place = asks.get_extra_info("sockname")[:2]
        self.channels.opened(place, _who(writer))
        try:
            await _both(_pump(reader, asks), _pump(answers, writer))
        finally:
            self.channels.closed(place)
            asks.close()
            writer.close()


def _who(writer: asyncio.StreamWriter) -> PeerCertificate | None:
    secured: ssl.SSLObject = writer.get_extra_info("ssl_object")
    return peer_certificate(secured.getpeercert(), secured.getpeercert(binary_form=True))


async def _both(*ways: Coroutine[Any, Any, None]) -> None:
    """Run both ways; the end of one is the end of the other."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on, no faster than the other side takes them; a broken side is an ended one."""
    with suppress(OSError, ssl.SSLError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
