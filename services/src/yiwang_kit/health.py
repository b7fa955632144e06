"""What the supervisor, the agent and Prometheus ask a hub: alive, ready and why not, which release, how much."""

from __future__ import annotations

import os
import platform
import threading
import time
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import Gauge
from sqlalchemy.exc import DBAPIError

from yiwang_kit import metrics
from yiwang_kit.migrations import pending

if TYPE_CHECKING:
    from yiwang_kit.runtime import Runtime

UNREADY = 503


def router(runtime: Runtime, packages: list[str]) -> APIRouter:
    """Return /healthz, /readyz, /metrics and /version."""
    routes = APIRouter(include_in_schema=False)
    said, ready = identity(runtime), Readiness(runtime, packages)
    Gauge("kit_info", "Which site and release this process serves", ("site", "release"),
          registry=runtime.registry).labels(said["site"], said["release"]).set(1)  # fmt: skip

    @routes.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    def readyz() -> JSONResponse:
        reasons = ready.reasons()
        status = "unready" if reasons else "ready"
        return JSONResponse({"status": status, "reasons": reasons}, UNREADY if reasons else 200)

    @routes.get("/metrics")
    def scrape() -> Response:
        return metrics.exposition(runtime.registry)

    @routes.get("/version")
    def version() -> dict[str, Any]:
        return said

    return routes


def identity(runtime: Runtime) -> dict[str, Any]:
    """Return who this process is: site, release, pid and start time, and what boot.py found in its files."""
    boot = runtime.boot or {}
    return {
        "site": runtime.settings.site.id,
        "release": runtime.settings.release,
        "pid": os.getpid(),
        "started_at": runtime.clock.now().isoformat(timespec="seconds"),
        "start_time_ticks": boot.get("start_time_ticks"),
        "tree_digest": boot.get("tree_digest"),
        "drift": len(boot["drift"]) if "drift" in boot else None,
        "python": platform.python_version(),
    }


class Readiness:
    """Whether this hub can serve: database reachable, every schema at its head. 就绪检查。"""

    FRESH_SECONDS = 1.0

    def __init__(self, runtime: Runtime, packages: list[str]) -> None:
        self._runtime, self._packages = runtime, packages
        self._lock = threading.Lock()
        self._at, self._known = float("-inf"), ["not checked yet"]
        self._migrated = False

    def reasons(self) -> list[str]:
        """Return why not, or nothing; looked at most every FRESH_SECONDS."""
        with self._lock:
            if time.monotonic() - self._at > self.FRESH_SECONDS:
                self._known, self._at = self._look(), time.monotonic()
            return self._known

    def _look(self) -> list[str]:
        try:
            self._runtime.database.ping()
            behind = [] if self._migrated else pending(self._runtime.database, self._packages)
        except DBAPIError as error:
            self._migrated = False
            return [f"数据库不可用 / database: {type(error.orig).__name__}"]
        self._migrated = not behind
        return [f"schema {schema} is not at its head. Next: serve migrate --settings FILE" for schema in behind]
