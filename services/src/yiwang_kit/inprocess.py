"""Calls to our own address without a socket: the hub is its own sign-in provider and must not wait for itself.

A request handler that asked its own address over HTTP would hold one thread of the bounded pool while it waits for
another; as many sign-ins at once as there are threads would then stand still. So requests to `public_url` run here, on
a loop and threads of their own, and never leave the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx


class InProcess(httpx.BaseTransport):
    """An httpx transport that asks an ASGI app of this process. 进程内调用。"""

    def __init__(self) -> None:
        self._app: Any = None

    def serve(self, app: Any) -> None:
        """Say which app answers from now on."""
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Run one request to its end. Raises ConnectError while no app answers yet."""
        if self._app is None:
            raise httpx.ConnectError("the hub does not serve yet", request=request)
        return asyncio.run(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        copy = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        answer = await httpx.ASGITransport(self._app).handle_async_request(copy)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread(), request=request)


def client(
    public_url: str, own: InProcess, *, timeout: float, mounts: Mapping[str, httpx.BaseTransport] | None = None
) -> httpx.Client:
    """Return an HTTP client that reaches `public_url` in this process and everything else over the network.

    What `mounts` names is reached by a way of its own.
    """
    return httpx.Client(timeout=timeout, trust_env=False, mounts={**(mounts or {}), public_url: own})
