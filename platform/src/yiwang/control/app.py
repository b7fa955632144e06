"""Control's HTTP door: agents, operators and consoles, each by its own proof; and the repository, which needs none."""

from __future__ import annotations

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
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from yiwang.control import agent_routes, gauges, operator_routes
from yiwang.control.channel import Door
from yiwang.control.context import Control
from yiwang.control.driver import Driver
from yiwang.control.kernel import PACKAGES, Kernel
from yiwang.errors import YiwangError
from yiwang_kit.errors import MEDIA_TYPE, Problem
from yiwang_kit.guards import Guard
from yiwang_kit.ids import uuid7
from yiwang_kit.migrations import migrate, pending

THREADS = 8
MINUTE = 60.0


def create_app(kernel: Kernel, *, drive: bool = True) -> FastAPI:
    """Return the application over a kernel whose database may still be empty."""
    if pending(kernel.database, PACKAGES):  # Alembic takes 12 MiB that a control at its head need not hold
        migrate(kernel.database, list(PACKAGES))
    kernel.load()
    control = Control.build(kernel)
    app = FastAPI(
        title="Yiwang control 一网管控", lifespan=_lifespan(control, drive=drive), docs_url=None, redoc_url=None
    )
    app.state.control = control
    _errors(app, kernel)
    _health(app, control)
    app.include_router(agent_routes.router(control))
    app.include_router(operator_routes.router(control))
    repository = kernel.settings.state / "control" / "repository"
    repository.mkdir(parents=True, exist_ok=True)
    app.mount("/repository", StaticFiles(directory=repository), name="repository")
    app.add_middleware(Guard)
    if kernel.settings.tls is not None:
        app.add_middleware(Door, channels=kernel.channels)
    return app


def _lifespan(control: Control, *, drive: bool) -> Callable[[Any], Any]:
    @asynccontextmanager
    async def run(_: Any) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        driver = Driver(control)
        if drive:
            driver.start()
        try:
            yield
        finally:
            driver.stop()
            control.kernel.database.dispose()

    return run


def _errors(app: FastAPI, kernel: Kernel) -> None:
    """Answer every error as a problem with a next step."""

    def respond(problem: Problem) -> Response:
        body = problem.body(f"urn:uuid:{uuid7()}")
        return JSONResponse(body, problem.status, media_type=MEDIA_TYPE)

    def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101
        if error.status in (401, 403):
            _audit_refusal(kernel, request, error)
        return respond(error)

    def on_platform(_: Request, error: Exception) -> Response:
        assert isinstance(error, YiwangError)  # noqa: S101
        problem = Problem(str(error), next=error.next)
        problem.extra = {name: fact for name, fact in error.facts().items() if name != "what"}
        problem.status, problem.type = 409, "refused"
        problem.title_zh, problem.title_en = error.title
        return respond(problem)

    def on_invalid(_: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError | ValidationError) else []
        errors = [{"where": ".".join(map(str, item["loc"])), "what": item["msg"]} for item in found]
        problem = Problem("; ".join(f"{e['where']}: {e['what']}" for e in errors[:3]), errors=errors)
        problem.status, problem.type, problem.title_zh, problem.title_en = 422, "invalid", "内容不符合要求", "Invalid"
        return respond(problem)

    def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        problem = Problem(str(error.detail))
        problem.status, problem.type = error.status_code, "http"
        problem.title_zh = problem.title_en = str(error.detail)
        return respond(problem)

    def on_bug(request: Request, error: Exception) -> Response:
        number = str(uuid7())
        kernel.log.error("broken", id=number, path=request.url.path, exc_info=error)
        return respond(Problem(f"错误编号 / error id {number}", next="yiwang control status"))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(YiwangError, on_platform)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(ValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_bug)


REFUSALS_AUDITED_PER_MINUTE = 60
_refusals: list[float] = []
_refusals_lock = threading.Lock()


def _audit_refusal(kernel: Kernel, request: Request, problem: Problem) -> None:
    """Audit who was refused; a flood is audited by its first rows a minute, so that it can't fill the disk."""
    now = time.monotonic()
    with _refusals_lock:
        _refusals[:] = [at for at in _refusals if now - at < MINUTE]
        if len(_refusals) >= REFUSALS_AUDITED_PER_MINUTE:
            return
        _refusals.append(now)
    headers = request.headers
    who = headers.get("yiwang-site") or headers.get("yiwang-operator") or "nobody"
    kernel.record("request.refused", who[:80], request.url.path[:200], reason=problem.detail[:500])


def _health(app: FastAPI, control: Control) -> None:
    """Add /healthz, /readyz, /metrics and /version."""
    kernel = control.kernel
    started = kernel.clock.now()
    registry = CollectorRegistry()
    gauges.watch(registry, kernel, control.matrix, control.rollouts)

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> Response:
        try:
            reasons = [f"schema {schema} is not at its head" for schema in pending(kernel.database, PACKAGES)]
        except DBAPIError as error:
            reasons = [f"database: {type(error.orig).__name__}"]
        body = {"status": "unready" if reasons else "ready", "reasons": reasons}
        return JSONResponse(body, 503 if reasons else 200)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

    @app.get("/version", include_in_schema=False)
    def version() -> dict[str, Any]:
        return {"epoch": kernel.epoch, "pid": os.getpid(), "started_at": started.isoformat()}
