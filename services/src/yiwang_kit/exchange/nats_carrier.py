"""NATS core as carrier: one connection an edge account, request and reply on subjects that only the two ends may use.

The account is the edge, so whoever asks on it *is* the neighbour; a sibling's subjects do not exist in it. Everything
asynchronous lives in one thread of its own.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nats
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.aio.msg import Msg

from yiwang_kit.exchange.carrier import LinkDown, Responder
from yiwang_kit.settings import Peer

PING_SECONDS, PINGS_MISSED = 10, 2
CONNECT_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
ANSWERING_THREADS = 2
SEED_BYTES = 32


class NatsCarrier:
    """Connections to this site's own NATS server, one a neighbour. NATS 承载。"""

    def __init__(self, site: str, peers: Sequence[Peer], log: Any) -> None:
        self._site = site
        self._peers = {peer.site: peer for peer in peers}
        self._log = log
        self._clients: dict[str, Client] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._pool = ThreadPoolExecutor(ANSWERING_THREADS, thread_name_prefix="exchange-answer")
        self._respond: Responder | None = None
        self._closed = False

    def open(self, respond: Responder) -> None:
        """Connect in the background to every edge; a server that is not there yet is tried again for ever."""
        self._respond = respond
        self._thread.start()
        for peer in self._peers.values():
            asyncio.run_coroutine_threadsafe(self._keep_connecting(peer), self._loop)

    def request(self, peer: str, content: bytes, *, timeout: float) -> bytes:
        """Ask the neighbour. Raises LinkDown where there is no connection, nobody listens, or no answer comes."""
        client = self._clients.get(peer)
        if client is None or not client.is_connected:
            raise LinkDown(f"本站点消息服务未连接 / not connected to this site's NATS for {peer}")
        try:
            return bytes(self._call(self._ask(client, peer, content, timeout), timeout + 1.0))
        except (nats.errors.Error, TimeoutError, OSError) as error:
            absent = isinstance(error, nats.errors.NoRespondersError)
            reason = "对端未在线 / the neighbour is not listening" if absent else "对端未应答 / no answer"
            raise LinkDown(f"{peer}: {reason}") from error

    def close(self) -> None:
        """Drop the connections and end the thread."""
        if self._closed or not self._thread.is_alive():
            return
        self._closed = True
        self._call(self._disconnect(), 5.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, Any], timeout: float) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    async def _ask(self, client: Client, peer: str, content: bytes, timeout: float) -> bytes:
        message = await client.request(subject(peer), content, timeout=timeout)
        return bytes(message.data)

    async def _keep_connecting(self, peer: Peer) -> None:
        while not self._closed:
            try:
                self._clients[peer.site] = await self._connect(peer)
            except (nats.errors.Error, OSError, TimeoutError, ValueError) as error:
                self._log.warning("exchange.nats", peer=peer.site, error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RECONNECT_SECONDS)
            else:
                return

    async def _connect(self, peer: Peer) -> Client:
        token, seed = read_credentials(Path(peer.credentials or ""))

        async def on_error(error: Exception) -> None:
            self._log.warning("exchange.nats", peer=peer.site, error=f"{type(error).__name__}: {error}")

        client = await nats.connect(
            peer.server,
            name=f"hub-{self._site}-{peer.site}",
            user_jwt_cb=lambda: bytearray(token.encode()),
            signature_cb=lambda nonce: base64.b64encode(seed.sign(nonce.encode())),
            inbox_prefix=f"x.{self._site}._r".encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_SECONDS,
            ping_interval=PING_SECONDS,
            max_outstanding_pings=PINGS_MISSED,
            connect_timeout=CONNECT_SECONDS,
            error_cb=on_error,
        )

        async def on_request(message: Msg) -> None:
            asyncio.get_running_loop().create_task(self._answer(peer.site, message))

        await client.subscribe(subject(self._site), cb=on_request)
        return client

    async def _answer(self, peer: str, message: Msg) -> None:
        if self._respond is None or not message.reply:
            return
        reply = await asyncio.get_running_loop().run_in_executor(self._pool, self._respond, peer, bytes(message.data))
        if not self._closed:
            await message.respond(reply)

    async def _disconnect(self) -> None:
        for client in self._clients.values():
            await client.close()


def subject(site: str) -> str:
    """Return the subject on which a site answers within an edge's account."""
    return f"x.{site}.ask"


def read_credentials(path: Path) -> tuple[str, Ed25519PrivateKey]:
    """Return the user's JWT and the key of its seed from a NATS credentials file. Raises ValueError where it is none."""
    blocks = [
        line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("-")
    ]
    if len(blocks) < 2:  # noqa: PLR2004 - a JWT and a seed
        raise ValueError(f"{path} is no NATS credentials file")
    return blocks[0], Ed25519PrivateKey.from_private_bytes(decode_seed(blocks[-1]))


def decode_seed(seed: str) -> bytes:
    """Return the 32 bytes of an nkey seed: two prefix bytes, the seed, CRC-16."""
    raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    return raw[2 : 2 + SEED_BYTES]
