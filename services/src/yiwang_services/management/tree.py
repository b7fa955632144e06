"""The tree of units as SQL answers for it: who lies below whom, and which units stand for a division.

A unit stands for its division where the divisions on the way from the topmost unit down to it get smaller at every step:
a county's government, a town's government below it; not a bureau of the county, and nothing below a bureau. Closed units
count, so that closing one unit gives nobody else more say.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, literal, not_, select
from sqlalchemy.orm import Session

from yiwang_services.management import tables as t
from yiwang_services.management.delegation import Holding, RightScope


class UnitTree:
    """Answers what delegation asks, in one session. 机构树。"""

    def __init__(self, session: Session) -> None:
        self._session = session

    def unit_within(self, unit: UUID, above: UUID) -> bool:
        """Return whether a unit is another one or lies below it."""
        up = t.unit_closure
        return self._any(select(literal(1)).where(up.c.ancestor == above, up.c.descendant == unit))

    def division_within(self, division: str, above: str) -> bool:
        """Return whether a division is another one or lies below it."""
        up = t.division_closure
        return self._any(select(literal(1)).where(up.c.ancestor == above, up.c.descendant == division))

    def stands_for(self, unit: UUID, division: str) -> bool:
        """Return whether every unit that stands for this division, or for one above it, lies at or below the unit."""
        below = t.unit_closure
        inside = exists().where(below.c.ancestor == unit, below.c.descendant == t.unit.c.id)
        up = t.division_closure
        query = select(t.unit.c.division, inside.label("inside")).join(up, up.c.ancestor == t.unit.c.division)
        found: dict[str, list[bool]] = defaultdict(list)
        for row in self._session.execute(query.where(up.c.descendant == division, stands())):
            found[row.division].append(row.inside)
        return any(all(answers) for answers in found.values())

    def _any(self, query: Any) -> bool:
        return self._session.execute(query.limit(1)).first() is not None


def stands() -> ColumnElement[bool]:
    """Return the condition that a row of `unit` stands for its division."""
    step, parent = t.unit.alias("step"), t.unit.alias("step_parent")
    path, smaller = t.unit_closure.alias("path"), t.division_closure.alias("smaller")
    gets_smaller = exists().where(
        smaller.c.ancestor == parent.c.division, smaller.c.descendant == step.c.division, smaller.c.depth > 0
    )
    flat = (
        select(literal(1))
        .select_from(path.join(step, step.c.id == path.c.ancestor).join(parent, parent.c.id == step.c.parent))
        .where(and_(path.c.descendant == t.unit.c.id, not_(gets_smaller.correlate(parent, step))))
        .correlate(t.unit)
    )
    return not_(exists(flat))


def holdings(session: Session, person: UUID, post: UUID | None = None) -> list[Holding]:
    """Return what a person holds or may pass on; while acting in one post, only that post's and what is granted."""
    h = t.holding
    query = select(h.c.permission, h.c.unit_id, h.c.division, h.c.expires_at).where(h.c.person == person)
    if post is not None:
        query = query.where(h.c.post.is_(None) | (h.c.post == post))
    rows = session.execute(query.distinct())
    return [Holding(row.permission, RightScope(row.unit_id, row.division), row.expires_at) for row in rows]
