"""A real socket in front of a hub in this process, for programs of others that bring their own HTTP client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from yiwang_kit.inprocess import InProcess


@contextmanager
def listening(hub: Any, public_url: str) -> Iterator[str]:
    """Answer on a free port of the loopback address; return where."""
    transport = InProcess()
    transport.serve(hub)
    with httpx.Client(transport=transport, base_url=public_url) as client:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(client))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(client: httpx.Client) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = {"Content-Type": self.headers.get("Content-Type") or "text/plain"} if body else {}
            said = client.request(self.command, self.path, content=body, headers=given)
            self.send_response(said.status_code)
            self.send_header("Content-Type", said.headers["content-type"])
            self.send_header("Content-Length", str(len(said.content)))
            self.end_headers()
            self.wfile.write(said.content)

        do_GET = do_POST = answer  # noqa: N815 - names that the base class looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
