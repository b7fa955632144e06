"""RED metrics of every route, labelled by the route's template so that random paths make no new series."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yiwang_kit.guards import REQUEST_ID

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNMATCHED = "unmatched"
QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/version"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """ASGI middleware that counts, times and logs requests by route, never by what was asked for. 请求指标。"""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, log: Any = None) -> None:
        self._app = app
        self._log = log
        labels = ("method", "route", "status")
        self._total = Counter("kit_requests_total", "Requests by route and status", labels, registry=registry)
        self._seconds = Histogram("kit_request_seconds", "Seconds a request took", ("method", "route"),
                                  buckets=BUCKETS, registry=registry)  # fmt: skip
        self._running = Gauge("kit_requests_running", "Requests being handled now", registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count and time one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._running.track_inprogress():
            try:
                await self._app(scope, receive, watch)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = template(scope)
        self._total.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
        if self._log is not None and route not in QUIET:
            self._log.info("request", id=scope.get(REQUEST_ID), method=method, route=route, status=status,
                           ms=round(seconds * 1000, 1))  # fmt: skip


def template(scope: Scope) -> str:
    """Return the matched route's template with its mount, or one word for everything that matched nothing."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    if not path:
        return UNMATCHED
    mount = scope.get("root_path", "")
    return f"{mount}{path}" if not str(path).startswith(mount or "\0") else str(path)


def exposition(registry: CollectorRegistry) -> Response:
    """Return the registry in Prometheus' text format."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def route_of(request: Request) -> str:
    """Return the template of a request's route, for logs."""
    return template(request.scope)
