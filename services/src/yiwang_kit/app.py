"""The app factory: what every service gets for free, and the hub that puts them on one port."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI

from yiwang_kit import console, fleet, health, metrics, resources, signin
from yiwang_kit.answers import answer_with_problems
from yiwang_kit.attachments import http as attachments
from yiwang_kit.audit_heads import AuditHeads
from yiwang_kit.errors import documented_problems
from yiwang_kit.exchange.metrics import ExchangeMetrics
from yiwang_kit.guards import Guard
from yiwang_kit.housekeeping import Housekeeper
from yiwang_kit.rates import RateLimit
from yiwang_kit.runtime import Runtime, build_runtime
from yiwang_kit.sessions import cookie_name
from yiwang_kit.settings import HubSettings

KIT_PACKAGE = "yiwang_kit"


def service_app(name: str, runtime: Runtime, *, title_zh: str) -> FastAPI:
    """Return an empty app for one service: problem answers, OpenAPI, runtime at ``app.state.runtime``."""
    app = FastAPI(
        title=f"{title_zh} {name}", version=runtime.settings.release, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json", responses=documented_problems(),
    )  # fmt: skip
    app.state.runtime = runtime
    answer_with_problems(app, runtime)
    return app


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


def create_hub(
    settings: HubSettings,
    *,
    runtime: Runtime | None = None,
    services: dict[str, FastAPI] | None = None,
    boot: dict[str, Any] | None = None,
) -> FastAPI:
    """Return the hub of one site: each service under /api/<name>, sign-in, links, console, health.

    `services` stands in for the declared ones in tests of the hub itself.
    """
    runtime = runtime or build_runtime(settings, boot=boot)
    hub = service_app("hub", runtime, title_zh="一网统管")
    hub.router.lifespan_context = lifespan(runtime)
    declared = [] if services is not None else settings.services
    apps = services or {name: load_service(name, runtime) for name in declared}
    hub.include_router(health.router(runtime, packages(settings) if services is None else [KIT_PACKAGE]))
    hub.include_router(signin.router(runtime))
    AuditHeads(runtime).register()
    hub.include_router(runtime.exchange.router())
    hub.include_router(attachments.router(runtime))
    resources.watch(runtime)
    runtime.registry.register(ExchangeMetrics(runtime.exchange, runtime.database, runtime.clock))
    if settings.fleet_url:
        hub.include_router(fleet.router(runtime))
    for name, app in apps.items():
        mount(hub, name, app)
    console.serve(hub)
    hub.add_middleware(metrics.RequestMetrics, registry=runtime.registry, log=runtime.log)
    cookie = cookie_name(runtime.settings.site.id)
    hub.add_middleware(RateLimit, settings=runtime.settings.rates, cookie=cookie, monotonic=time.monotonic)
    hub.add_middleware(Guard)
    runtime.own.serve(hub)
    return hub


def mount(hub: FastAPI, name: str, app: FastAPI) -> None:
    """Put a service under /api/<name>, and what it offers at the root (the OIDC provider) where it says."""
    hub.mount(f"/api/{name}", app)
    for path, extra in getattr(app.state, "public", {}).items():
        hub.mount(path, extra)


def lifespan(runtime: Runtime) -> Callable[[Any], Any]:
    """Bound the thread pool, start relays and housekeeping, and close everything at the end."""
    housekeeper = Housekeeper(runtime)

    @asynccontextmanager
    async def run(_: Any) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = runtime.settings.threads
        _start(runtime, housekeeper)
        runtime.log.info("started", **started(runtime))
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(_close, runtime, housekeeper)

    return run


def _start(runtime: Runtime, housekeeper: Housekeeper) -> None:
    try:
        runtime.exchange.start()
    except Exception as error:  # the server itself would end without a word
        runtime.log.error("not started", exc_info=error, next="yiwang status")
        raise
    housekeeper.start()


def started(runtime: Runtime) -> dict[str, Any]:
    """Return the words of the start line."""
    settings, boot = runtime.settings, runtime.boot or {}
    return {
        "pid": os.getpid(), "url": settings.public_url, "services": settings.services, "threads": settings.threads,
        "tree_digest": boot.get("tree_digest"), "drift": boot.get("drift"),
    }  # fmt: skip


def _close(runtime: Runtime, housekeeper: Housekeeper) -> None:
    housekeeper.stop()
    runtime.close()
    runtime.log.info("stopped", pid=os.getpid())
