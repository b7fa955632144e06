"""Puts the catalogue's API together under /api/matter."""

from __future__ import annotations

from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from yiwang_kit.app import service_app
from yiwang_kit.runtime import Runtime
from yiwang_services.matter import routes
from yiwang_services.matter.publication import Publication


def create_app(runtime: Runtime) -> FastAPI:
    """Return the service's app with the release's matters loaded; a database not yet there is tried again later."""
    app = service_app("matter", runtime, title_zh="事项目录")
    try:
        routes.loader(runtime)()
    except DBAPIError as error:
        runtime.log.warning("matter.content", waiting=str(error.orig)[:200])
    down = Publication(runtime)
    down.register()
    runtime.chores.append(down.renew)
    app.include_router(routes.router(runtime, down))
    return app
