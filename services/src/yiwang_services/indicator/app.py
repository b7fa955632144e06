"""Puts the indicators' API together under /api/indicator; values are computed soon after the start and hourly."""

from __future__ import annotations

from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from yiwang_kit.app import service_app
from yiwang_kit.runtime import Runtime
from yiwang_services.indicator import metrics, routes, submission_routes
from yiwang_services.indicator.computing import compute
from yiwang_services.indicator.reporting import Reporting


def create_app(runtime: Runtime) -> FastAPI:
    """Return the service's app with the release's indicators; a database not yet there is tried again later."""
    app = service_app("indicator", runtime, title_zh="指标")
    made = metrics.make(runtime.registry)
    ensure = routes.loader(runtime)
    reporting = Reporting(runtime)
    reporting.register()
    try:
        ensure()
    except DBAPIError as error:
        runtime.log.warning("indicator.content", waiting=str(error.orig)[:200])

    def chore() -> None:
        ensure()
        compute(runtime, made, reporting)

    runtime.chores.append(chore)
    app.include_router(routes.router(runtime, ensure, made))
    app.include_router(submission_routes.router(runtime, ensure, made, reporting))
    return app
