"""Puts the work orders' API together under /api/collaboration and registers their messages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.orm import Session

from yiwang_kit.app import service_app
from yiwang_kit.attachments import Attachment, Rights
from yiwang_kit.auth import Actor
from yiwang_kit.runtime import Runtime
from yiwang_services.collaboration import assists, metrics, routes, store
from yiwang_services.collaboration.open311 import door
from yiwang_services.collaboration.recompute import recompute
from yiwang_services.collaboration.service import OBJECT, SERVICE, Orders
from yiwang_services.collaboration.transitions import CLOSED, CREATE, DISPOSE, VERIFY


def rights() -> Rights:
    """Return who may add a photo to an order and who may see it."""

    def may_add(session: Session, actor: Actor, object_type: str, object_id: str) -> bool:
        order = _order(session, actor, object_type, object_id)
        if order is None or order.state == CLOSED:
            return False
        asked = assists.mine(session, order.id, actor, DISPOSE) is not None
        return asked or any(store.may(session, order.id, actor, held) for held in (DISPOSE, CREATE, VERIFY))

    def may_read(session: Session, actor: Actor, attachment: Attachment) -> bool:
        return _order(session, actor, attachment.object_type, attachment.object_id) is not None

    return Rights(may_add=may_add, may_read=may_read)


def _order(session: Session, actor: Actor, object_type: str, object_id: str) -> Any:
    try:
        order_id = UUID(object_id)
    except ValueError:
        return None
    return store.order_for(session, order_id, actor) if object_type == OBJECT else None


def create_app(runtime: Runtime) -> FastAPI:
    """Return the service's app; from now on the exchange hands it messages about orders."""
    app = service_app("collaboration", runtime, title_zh="协同处置")
    orders = Orders(runtime, metrics.make(runtime.registry))
    runtime.registry.register(metrics.Backlog(runtime))
    orders.story.register()
    runtime.attachments.register(SERVICE, rights())
    runtime.chores.append(lambda: recompute(orders))
    app.include_router(routes.router(orders))
    app.state.public = {"/open311": door.create(orders)}
    return app
