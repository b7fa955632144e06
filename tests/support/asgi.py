"""A running ASGI app without a socket: its own event loop in a thread, lifespan included, asked by a plain httpx client."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

PATIENCE_SECONDS = 60.0


class Loop(httpx.BaseTransport):
    """Hands requests of any thread to the app's own loop, as a server would."""

    def __init__(self, app: Any) -> None:
        self._app = httpx.ASGITransport(app)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="asgi", daemon=True)
        self.thread.start()

    def run(self, work: Any) -> Any:
        """Run a coroutine on the loop to its end."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the app."""
        return self.run(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        copy = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        answer = await self._app.handle_async_request(copy)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread(), request=request)

    def close(self) -> None:
        """End the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@contextmanager
def running(app: Any, base_url: str) -> Iterator[httpx.Client]:
    """Run an app with its lifespan for as long as the block lasts; yield a client that keeps cookies."""
    transport = Loop(app)
    lifespan = app.router.lifespan_context(app)
    transport.run(lifespan.__aenter__())
    try:
        with httpx.Client(base_url=base_url, transport=transport) as client:
            yield client
            transport.run(lifespan.__aexit__(None, None, None))
    finally:
        if not transport.loop.is_closed():
            transport.close()
