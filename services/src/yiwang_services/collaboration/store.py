"""Reads and writes of work orders; every list, count and search is narrowed by the asking person's grants in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, insert, literal, or_, select, text, update
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import scope_clause
from yiwang_kit.memo import forget
from yiwang_services.collaboration import assists, search
from yiwang_services.collaboration import tables as t
from yiwang_services.collaboration.sight import visible
from yiwang_services.collaboration.transitions import CLOSED, READ

UNITS_OFFERED = 200

# One order ------------------------------------------------------------------------------------------------------------


def order(session: Session, order_id: UUID, *, lock: bool = False) -> Any:
    """Return an order whoever asks, or None; `lock` holds its row until the transaction ends."""
    query = select(t.work_order).where(t.work_order.c.id == order_id)
    return session.execute(query.with_for_update() if lock else query).first()


def order_for(session: Session, order_id: UUID, actor: Actor) -> Any:
    """Return an order that this person may see, or None."""
    seen = or_(_scope(actor, READ), assists.helps(actor, READ))
    return session.execute(select(t.work_order).where(t.work_order.c.id == order_id, seen)).first()


def may(session: Session, order_id: UUID, actor: Actor, permission: str) -> bool:
    """Return whether the person holds a permission over this order."""
    query = select(literal(1)).select_from(t.work_order).where(t.work_order.c.id == order_id, _scope(actor, permission))
    return session.execute(query).first() is not None


def held(session: Session, order_id: UUID, actor: Actor, permissions: Sequence[str]) -> set[str]:
    """Return which of these permissions the person holds over this order, in one question."""
    asked = [_scope(actor, permission).label(f"p{n}") for n, permission in enumerate(permissions)]
    row = session.execute(select(*asked).select_from(t.work_order).where(t.work_order.c.id == order_id)).first()
    return {permission for permission, yes in zip(permissions, row or (), strict=False) if yes}


def _scope(actor: Actor, permission: str) -> ColumnElement[bool]:
    order = t.work_order.c
    return scope_clause(actor, permission, unit_column=order.unit, division_column=order.scope_division)


def joined_with(session: Session, order_id: UUID) -> set[UUID]:
    """Return the orders merged with one: those in it, or the one that it is in."""
    o = t.work_order.c
    inside = session.execute(select(o.id).where(o.merged_into == order_id)).scalars()
    outside = session.execute(select(o.merged_into).where(o.id == order_id, o.merged_into.is_not(None))).scalars()
    return {*inside, *outside}


def add_order(session: Session, **values: Any) -> None:
    """Store a new order."""
    session.execute(insert(t.work_order).values(**values))


def change_order(session: Session, order_id: UUID, **values: Any) -> None:
    """Change an order whose row the caller holds."""
    if "merged_into" in values:
        forget(session, assists.MERGED)
    session.execute(update(t.work_order).where(t.work_order.c.id == order_id).values(**values))


def entries(session: Session, order_id: UUID, *, since: int = 1) -> Sequence[Any]:
    """Return the trace in order, whole or from an entry on."""
    told = (t.trace.c.work_order == order_id, t.trace.c.n >= since)
    return session.execute(select(t.trace).where(*told).order_by(t.trace.c.n)).all()


def add_entry(session: Session, **values: Any) -> None:
    """Add a trace entry unless it is there already: the first one told stays."""
    held = select(literal(1)).where(t.trace.c.work_order == values["work_order"], t.trace.c.n == values["n"])
    if session.execute(held).first() is None:
        session.execute(insert(t.trace).values(**values))


def followers(session: Session, order_id: UUID) -> list[str]:
    """Return the sites to which every entry goes."""
    query = select(t.follower.c.site).where(t.follower.c.work_order == order_id).order_by(t.follower.c.site)
    return list(session.execute(query).scalars())


def add_followers(session: Session, order_id: UUID, sites: Sequence[str]) -> None:
    """Add sites that follow an order from now on."""
    known = set(followers(session, order_id))
    rows = [{"work_order": order_id, "site": site} for site in sorted(set(sites) - known)]
    if rows:
        session.execute(insert(t.follower), rows)


def next_number(session: Session, day: date) -> int:
    """Return the day's next sequence number; two intakes at once wait for each other.

    The table is locked rather than the day's row, because the first intake of a day has no row to lock, and a mix of
    both locks can wait in a circle.
    """
    counter = t.counter
    session.execute(text("LOCK TABLE collaboration.counter IN SHARE ROW EXCLUSIVE MODE"))
    n = session.execute(select(counter.c.n).where(counter.c.day == day)).scalar()
    if n is None:
        session.execute(insert(counter).values(day=day, n=1))
        return 1
    session.execute(update(counter).where(counter.c.day == day).values(n=n + 1))
    return int(n) + 1


# Lists and sums -------------------------------------------------------------------------------------------------------


def _sums(now: datetime, midnight: datetime) -> list[ColumnElement[Any]]:
    o = t.work_order.c

    def count(condition: ColumnElement[bool], name: str) -> ColumnElement[Any]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)

    return [
        count(o.state != CLOSED, "open"),
        count(and_(o.state != CLOSED, o.due_at < now), "overdue"),
        count(o.state == CLOSED, "closed"),
        count(o.created_at >= midnight, "today"),
    ]


def backlog(session: Session, site: str, now: datetime) -> tuple[int, int]:
    """Return how many orders a site has to finish, and how many of them are late; for monitoring, not for people."""
    o = t.work_order.c
    late = func.coalesce(func.sum(case((o.due_at < now, 1), else_=0)), 0)
    query = select(func.count(), late).where(o.state != CLOSED, o.owner_site == site)
    opened, overdue = session.execute(query).one()
    return int(opened), int(overdue)


def totals(session: Session, actor: Actor, division: str, now: datetime, midnight: datetime) -> Any:
    """Return the sums of a division and everything below."""
    return session.execute(select(*_sums(now, midnight)).where(visible(session, actor), search.below(division))).one()


def sums_by_child(session: Session, actor: Actor, division: str, now: datetime, midnight: datetime) -> dict[str, Any]:
    """Return the sums of each direct child division that has any order."""
    up, d = t.division_closure, t.division
    query = (
        select(up.c.ancestor, *_sums(now, midnight))
        .select_from(t.work_order)
        .join(up, up.c.descendant == t.work_order.c.scope_division)
        .join(d, d.c.code == up.c.ancestor)
        .where(d.c.parent == division, visible(session, actor))
        .group_by(up.c.ancestor)
    )
    return {row.ancestor: row for row in session.execute(query)}


# What other services publish ------------------------------------------------------------------------------------------


def division(session: Session, code: str) -> Any:
    """Return a division kept at this site, or None."""
    return session.execute(select(t.division).where(t.division.c.code == code)).first()


def children(session: Session, code: str) -> Sequence[Any]:
    """Return the direct child divisions."""
    return session.execute(select(t.division).where(t.division.c.parent == code).order_by(t.division.c.code)).all()


def within(session: Session, code: str, site: str) -> bool:
    """Return whether a division lies at or below a site's own."""
    down = t.division_closure
    query = select(literal(1)).select_from(down).where(down.c.ancestor == site, down.c.descendant == code)
    return session.execute(query).first() is not None


def matter(session: Session, code: str) -> Any:
    """Return the current version of a matter, or None."""
    return session.execute(select(t.matter).where(t.matter.c.code == code)).first()


def unit(session: Session, unit_id: UUID) -> Any:
    """Return an active unit, or None."""
    return session.execute(select(t.unit).where(t.unit.c.id == unit_id, t.unit.c.active)).first()


def unit_by_text(session: Session, value: str) -> Any:
    """Return the active unit that a field names, or None for anything else."""
    try:
        return unit(session, UUID(value.strip()))
    except ValueError:
        return None


def arbiter(session: Session, kind: str) -> Any:
    """Return the unit that decides whose an order is: the first of a kind, else the government's own office."""
    u = t.unit.c
    query = select(t.unit).where(u.active, u.kind.in_([kind, "government"]))
    return session.execute(query.order_by(case((u.kind == kind, 0), else_=1), u.id).limit(1)).first()


def units_offered(session: Session) -> Sequence[Any]:
    """Return the units to which orders can be dispatched, departments before towns."""
    u = t.unit.c
    query = select(t.unit).where(u.active, u.kind != "government")
    return session.execute(query.order_by(case((u.kind == "town", 1), else_=0), u.id).limit(UNITS_OFFERED)).all()
