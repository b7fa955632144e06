"""When a release brings another working calendar, the limits of running orders are computed again, each with its reason.

Done soon after the hub has started, a few orders a transaction. An interrupted run begins again from the start: computing
the same limit twice changes nothing, so nothing is told twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from yiwang_services.collaboration import assists, limits, store
from yiwang_services.collaboration import tables as t
from yiwang_services.collaboration.calendar import Calendar, calendar
from yiwang_services.collaboration.service import OBJECT, SERVICE, Orders
from yiwang_services.collaboration.story import SYSTEM
from yiwang_services.collaboration.transitions import CLOSED, HANDED_OVER

AT_ONCE = 200
NOBODY = UUID(int=0)
LOGIN = "calendar"


def recompute(orders: Orders, wanted: Calendar | None = None) -> int:
    """Bring running orders to a calendar unless that was done; return how many changed."""
    wanted = wanted or calendar()
    with orders.runtime.database.transaction(SERVICE) as session:
        if session.execute(select(t.calendar_use.c.id).where(t.calendar_use.c.id == wanted.id)).first():
            return 0
    changed, after = 0, NOBODY
    while True:
        with orders.runtime.database.transaction(SERVICE) as session:
            found = running(session, orders.site.id, after)
            changed += sum(brought(orders, session, order_id, wanted) for order_id in found)
        if len(found) < AT_ONCE:
            break
        after = found[-1]
    remember(orders, wanted.id, changed)
    return changed


def running(session: Session, site: str, after: UUID) -> list[UUID]:
    """Return the next orders that are handled here and carry rules to compute with."""
    o = t.work_order.c
    here = (o.owner_site == site, o.state.not_in([CLOSED, HANDED_OVER]), o.rules != "", o.id > after)
    return list(session.execute(select(o.id).where(*here).order_by(o.id).limit(AT_ONCE)).scalars())


def brought(orders: Orders, session: Session, order_id: UUID, wanted: Calendar) -> bool:
    """Compute one order's limits again; write into its story, and into the trail, what changed."""
    row = store.order(session, order_id, lock=True)
    start = row.round_started_at or row.created_at
    changes = limits.recomputed(wanted, row, start, list(assists.spells(session, order_id)))
    if not {"due_at", "stage_due_at"} & set(changes):
        if changes:
            store.change_order(session, order_id, **changes)
        return False
    told = f"{wanted.id}：{shown(wanted, row.due_at)} → {shown(wanted, changes.get('due_at', row.due_at))}"
    after = orders.story.go_on(session, row, changes, actor=SYSTEM, action="recompute", note=told)
    orders.story.tell(session, order_id, since=after.version)
    moments = {
        name: [text(getattr(row, name)), text(changes[name])] for name in ("due_at", "stage_due_at") if name in changes
    }
    orders.runtime.audit.record(session, actor=LOGIN, action="collaboration.order.recompute", object_type=OBJECT,
                                object_id=str(order_id), detail=moments | {"calendar": wanted.id})  # fmt: skip
    return True


def remember(orders: Orders, calendar_id: str, changed: int) -> None:
    """Write that a calendar has been applied; a second process that did the same finds it written."""
    now = orders.runtime.clock.now()
    with orders.runtime.database.transaction(SERVICE) as session:
        if not session.execute(select(t.calendar_use.c.id).where(t.calendar_use.c.id == calendar_id)).first():
            session.execute(insert(t.calendar_use).values(id=calendar_id, at=now, changed=changed))


def shown(wanted: Calendar, at: datetime) -> str:
    """Return a limit as people here read it."""
    return at.astimezone(wanted.zone).strftime("%Y-%m-%d %H:%M")


def text(at: Any) -> str | None:
    """Return a moment as the trail keeps it."""
    return at.isoformat() if at is not None else None
