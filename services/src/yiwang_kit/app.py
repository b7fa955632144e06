"""The app factory: what every service gets for free, and the hub that puts them on one port."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError, OperationalError
from starlette.exceptions import HTTPException

from yiwang_kit import auth, console, fleet, metrics
from yiwang_kit.errors import MEDIA_TYPE, Conflict, Forbidden, Invalid, NotFound, Problem, SignInNeeded, Unavailable
from yiwang_kit.guards import Guard
from yiwang_kit.ids import uuid7
from yiwang_kit.migrations import pending
from yiwang_kit.runtime import Runtime, build_runtime
from yiwang_kit.settings import HubSettings

KIT_PACKAGE = "yiwang_kit"
BY_STATUS: dict[int, type[Problem]] = {401: SignInNeeded, 403: Forbidden, 404: NotFound, 409: Conflict, 422: Invalid}


def service_app(name: str, runtime: Runtime, *, title_zh: str) -> FastAPI:
    """Return an empty app for one service: problem answers, OpenAPI, runtime at ``app.state.runtime``."""
    app = FastAPI(
        title=f"{title_zh} {name}", version=runtime.settings.release, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json",
    )  # fmt: skip
    app.state.runtime = runtime
    answer_with_problems(app, runtime)
    return app


def answer_with_problems(app: FastAPI, runtime: Runtime) -> None:
    """Turn everything that can go wrong into RFC 9457 answers."""

    def respond(problem: Problem) -> Response:
        instance = f"urn:uuid:{uuid7()}"
        headers = {"WWW-Authenticate": "Bearer"} if problem.status == SignInNeeded.status else {}
        return JSONResponse(problem.body(instance), problem.status, headers, media_type=MEDIA_TYPE)

    def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - the handler is registered for this type
        return respond(error)

    def on_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        fields = [{"field": ".".join(map(str, e["loc"])), "expected": e["msg"]} for e in error.errors()]
        return respond(Invalid("请按提示更正各字段 / correct the fields named below", errors=fields))

    def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        if error.status_code in BY_STATUS:
            return respond(BY_STATUS[error.status_code](str(error.detail)))
        problem = Problem(str(error.detail))
        problem.status, problem.type = error.status_code, "http"
        problem.title_zh = problem.title_en = str(error.detail)
        return respond(problem)

    def on_database(request: Request, error: Exception) -> Response:
        runtime.log.error("database", route=metrics.route_of(request), error=str(error.__cause__ or error))
        if isinstance(error, OperationalError) or getattr(error, "connection_invalidated", False):
            return respond(
                request, Unavailable("数据库暂不可用 / the database cannot be reached", next="yiwang status")
            )
        return on_bug(request, error)

    def on_bug(request: Request, error: Exception) -> Response:
        number = str(uuid7())
        runtime.log.error("broken", id=number, route=metrics.route_of(request), exc_info=error)
        return respond(
            request, Problem(f"错误编号 / error id {number}", next="将错误编号告知运维 / tell operations the id")
        )

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(DBAPIError, on_database)
    app.add_exception_handler(Exception, on_bug)


def service_module(name: str) -> str:
    """Return the package that holds a service: the one string between hub and service."""
    return f"yiwang_services.{name}"


def packages(settings: HubSettings) -> list[str]:
    """Return every package with migrations that this hub runs."""
    return [KIT_PACKAGE, *(service_module(name) for name in settings.services)]


def load_service(name: str, runtime: Runtime) -> FastAPI:
    """Make one service's app by its name."""
    module = importlib.import_module(f"{service_module(name)}.app")
    app = module.create_app(runtime)
    if not isinstance(app, FastAPI):
        raise TypeError(f"{service_module(name)}.app:create_app must return a FastAPI app")
    return app


def create_hub(settings: HubSettings, *, runtime: Runtime | None = None) -> FastAPI:
    """Return the hub of one site: each service under /api/<name>, sign-in, links, console, health."""
    runtime = runtime or build_runtime(settings)
    hub = service_app("hub", runtime, title_zh="一网统管")
    hub.router.lifespan_context = lifespan(runtime)
    services = {name: load_service(name, runtime) for name in settings.services}
    health(hub, runtime)
    hub.include_router(auth.router(runtime))
    hub.include_router(runtime.exchange.router())
    if settings.fleet_url:
        hub.include_router(fleet.router(runtime))
    for name, app in services.items():
        mount(hub, name, app)
    console.serve(hub)
    hub.add_middleware(metrics.RequestMetrics, registry=runtime.registry)
    hub.add_middleware(Guard)
    return hub


def mount(hub: FastAPI, name: str, app: FastAPI) -> None:
    """Put a service under /api/<name>, and what it offers at the root (the OIDC provider) where it says."""
    hub.mount(f"/api/{name}", app)
    for path, extra in getattr(app.state, "public", {}).items():
        hub.mount(path, extra)


def lifespan(runtime: Runtime) -> Callable[[Any], Any]:
    """Bound the thread pool, start the relays, and close everything at the end."""

    @asynccontextmanager
    async def run(_: Any) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = runtime.settings.threads
        runtime.exchange.start()
        runtime.log.info("ready", pid=os.getpid(), url=runtime.settings.public_url)
        try:
            yield
        finally:
            runtime.close()

    return run


def health(hub: FastAPI, runtime: Runtime) -> None:
    """Add /healthz, /readyz, /metrics and /version."""
    started, ready = runtime.clock.now(), Readiness(runtime)

    @hub.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @hub.get("/readyz", include_in_schema=False)
    def readyz() -> JSONResponse:
        reasons = ready.reasons()
        return JSONResponse({"status": "unready" if reasons else "ready", "reasons": reasons}, 503 if reasons else 200)

    @hub.get("/metrics", include_in_schema=False)
    def scrape() -> Response:
        return metrics.exposition(runtime.registry)

    @hub.get("/version", include_in_schema=False)
    def version() -> dict[str, Any]:
        site = runtime.settings.site
        return {
            "site": site.id,
            "release": runtime.settings.release,
            "pid": os.getpid(),
            "started_at": started.isoformat(),
        }


class Readiness:
    """Whether this hub can serve: database reachable, every schema at its head. 就绪检查。"""

    FRESH_SECONDS = 2.0

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._at, self._known = float("-inf"), ["not checked yet"]
        self._migrated = False

    def reasons(self) -> list[str]:
        """Return why not, or nothing; asked at most every FRESH_SECONDS."""
        with self._lock:
            if time.monotonic() - self._at > self.FRESH_SECONDS:
                self._known, self._at = self._look(), time.monotonic()
            return self._known

    def _look(self) -> list[str]:
        try:
            self._runtime.database.ping()
            if not self._migrated:
                behind = pending(self._runtime.database, packages(self._runtime.settings))
                self._migrated = not behind
                return [f"schema {schema} is not at its head" for schema in behind]
        except DBAPIError as error:
            self._migrated = False
            return [f"database: {type(error.orig).__name__}"]
        return []
