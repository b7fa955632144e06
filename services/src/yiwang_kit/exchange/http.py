"""The exchange's page for people: links, what is parked, retry and skip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Request

from yiwang_kit.auth import Actor, CurrentActor, require
from yiwang_kit.exchange import store
from yiwang_kit.exchange.parking import parked_json

if TYPE_CHECKING:
    from yiwang_kit.exchange.exchange import Exchange

OPERATE = "kit.exchange.operate"


def router(exchange: Exchange) -> APIRouter:
    """Return the routes under /api/exchange/v1."""
    routes = APIRouter(prefix="/api/exchange/v1", tags=["exchange"])

    @routes.get("/links")
    def links(request: Request, actor: CurrentActor) -> dict[str, Any]:
        del actor  # everybody who may sign in may see whether the links are up
        with request.app.state.runtime.database.transaction() as session:
            return {"items": [link.to_json() for link in exchange.links(session)]}

    @routes.get("/parked")
    def parked(request: Request, actor: Annotated[Actor, require(OPERATE, whole_site=True)]) -> dict[str, Any]:
        del actor
        with request.app.state.runtime.database.transaction() as session:
            return {"items": [parked_json(row) for row in store.parked(session)]}

    @routes.post("/parked/{envelope}/retry")
    def retry(envelope: UUID, request: Request, actor: Annotated[Actor, require(OPERATE, whole_site=True)],
              reason: Annotated[str, Body(embed=True, max_length=500)] = "") -> dict[str, Any]:  # fmt: skip
        runtime = request.app.state.runtime
        with runtime.database.transaction() as session:
            exchange.retry(session, envelope, actor=actor.login, reason=reason)
        return {"id": str(envelope), "state": "stored"}

    @routes.post("/parked/{envelope}/skip")
    def skip(envelope: UUID, request: Request, actor: Annotated[Actor, require(OPERATE, whole_site=True)],
             reason: Annotated[str, Body(embed=True, min_length=4, max_length=500)]) -> dict[str, Any]:  # fmt: skip
        runtime = request.app.state.runtime
        with runtime.database.transaction() as session:
            exchange.skip(session, envelope, actor=actor.login, reason=reason)
        return {"id": str(envelope), "state": "skipped"}

    return routes
