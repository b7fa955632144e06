"""Puts the work orders' API together under /api/collaboration and registers their messages."""

from __future__ import annotations

from fastapi import FastAPI

from yiwang_kit.app import service_app
from yiwang_kit.runtime import Runtime
from yiwang_services.collaboration import metrics, routes
from yiwang_services.collaboration.service import Orders


def create_app(runtime: Runtime) -> FastAPI:
    """Return the service's app; from now on the exchange hands it messages about orders."""
    app = service_app("collaboration", runtime, title_zh="协同处置")
    orders = Orders(runtime, metrics.make(runtime.registry))
    orders.story.register()
    app.include_router(routes.router(orders))
    return app
