"""Puts the API of topics together under /api/situation; alarms are judged hourly, and by the minute while somebody looks."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from yiwang_kit.app import service_app
from yiwang_kit.runtime import Runtime
from yiwang_services.situation import alarms, metrics, routes, store


def create_app(runtime: Runtime) -> FastAPI:
    """Return the service's app with the release's topics; a database not yet there is tried again later."""
    app = service_app("situation", runtime, title_zh="综合态势")
    made = metrics.make(runtime.registry)
    ensure = loader(runtime)
    try:
        ensure()
    except DBAPIError as error:
        runtime.log.warning("situation.content", waiting=str(error.orig)[:200])

    def chore() -> None:
        ensure()
        alarms.judge(runtime, made)

    runtime.chores.append(chore)
    app.include_router(routes.router(runtime, ensure, made))
    return app


def loader(runtime: Runtime) -> Callable[[], None]:
    """Return a dependency that loads the release's topics once a process."""
    lock, done = threading.Lock(), threading.Event()

    def ensure() -> None:
        if done.is_set():
            return
        with lock, runtime.database.transaction(store.SERVICE) as session:
            store.load(session, runtime)
            done.set()

    return ensure
