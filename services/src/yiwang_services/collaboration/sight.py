"""What one person may see, looked up before the list is asked for: a handful of grants becomes a handful of ids.

It says what `yiwang_kit.authorisation.scope_clause` says (a test compares them), and helpers see what they were asked
about. The kit's clause asks its question again for each row; a list over 100,000 rows needs a condition that an index can
answer, and that is one with the units and divisions written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, select, true
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import division_closure, grant, unit_closure
from yiwang_services.collaboration import tables as t
from yiwang_services.collaboration.assists import WITHDRAWN
from yiwang_services.collaboration.transitions import READ

WRITTEN_OUT = 300
"""More ids than this stay a subquery: the planner hashes it once."""


def visible(session: Session, actor: Actor, permission: str = READ) -> ColumnElement[bool]:
    """Return the condition under which this person may see an order."""
    held = session.execute(
        select(grant.c.unit_id, grant.c.division).where(
            grant.c.user_id == actor.user_id, grant.c.permission == permission
        )
    ).all()
    divisions = {row.division for row in held if row.unit_id is None}
    if None in divisions or (divisions and _whole_site(session, divisions)):
        return true()
    units = {row.unit_id for row in held if row.division is None}
    narrow = [row for row in held if row.unit_id is not None and row.division is not None]
    parts = [*_placed(session, divisions), *_owned(session, units), *(_both(session, row) for row in narrow)]
    return or_(*parts) if parts else false()


def _placed(session: Session, divisions: set[Any]) -> list[ColumnElement[bool]]:
    if not divisions:
        return []
    return [t.work_order.c.scope_division.in_(_reached(session, division_closure, divisions))]


def _owned(session: Session, units: set[Any]) -> list[ColumnElement[bool]]:
    """Return that a unit of theirs has the order, or was asked for help with it."""
    if not units:
        return []
    reached = _reached(session, unit_closure, units)
    a, o = t.assist.c, t.work_order.c
    helping = written_out(session, select(a.work_order).where(a.unit.in_(reached), a.state != WITHDRAWN).distinct())
    return [o.unit.in_(reached), o.id.in_(helping)]


def _both(session: Session, row: Any) -> ColumnElement[bool]:
    o = t.work_order.c
    return and_(
        o.unit.in_(_reached(session, unit_closure, {row.unit_id})),
        o.scope_division.in_(_reached(session, division_closure, {row.division})),
    )


def _reached(session: Session, closure: Any, ancestors: set[Any]) -> Any:
    wanted = sorted(ancestors, key=str)
    return written_out(session, select(closure.c.descendant).where(closure.c.ancestor.in_(wanted)).distinct())


def written_out(session: Session, query: Select[Any]) -> Sequence[Any] | Select[Any]:
    """Return the ids that a query finds, or the query itself where there are many."""
    found = session.execute(query.limit(WRITTEN_OUT + 1)).scalars().all()
    return found if len(found) <= WRITTEN_OUT else query


def _whole_site(session: Session, divisions: set[Any]) -> bool:
    """Return whether no division of this site lies outside: then there is nothing to ask of any row."""
    d, down = t.division.c, t.division_closure.c
    inside = select(literal(1)).where(down.ancestor.in_(sorted(divisions)), down.descendant == d.code)
    outside = select(literal(1)).select_from(t.division).where(~inside.correlate(t.division).exists())
    return session.execute(outside.limit(1)).first() is None
