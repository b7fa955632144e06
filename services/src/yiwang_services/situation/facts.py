"""Counts of orders as they are now, by the words of the list of orders: the list shows exactly the counted rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, true
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import allowed, scope_clause
from yiwang_services.situation import tables as t
from yiwang_services.situation.manifest import Manifest, Question
from yiwang_services.situation.settings import TIME_ZONE_HOURS

ORDERS_READ: Final = "collaboration.order.read"
CLOSED: Final = "closed"
ZONE: Final = timezone(timedelta(hours=TIME_ZONE_HOURS))
LARGEST_SHARES: Final = 12
f = t.fact.c
Counts = dict[str, list[int]]
"""By division, a count for each question."""


@dataclass(frozen=True)
class Sight:
    """Which orders are counted: what the asking person may read, and what the topic is about. 可见范围。"""

    seen: ColumnElement[bool]
    about: ColumnElement[bool]


def sight(session: Session, actor: Actor, manifest: Manifest, division: str) -> Sight:
    """Return what a person sees of a division; a right over all of it needs no question for each row."""
    if allowed(session, actor, ORDERS_READ, division=division):
        return Sight(true(), about(manifest))
    seen = scope_clause(actor, ORDERS_READ, unit_column=f.unit, division_column=f.scope_division)
    return Sight(seen, about(manifest))


def about(manifest: Manifest) -> ColumnElement[bool]:
    """Return the condition that an order belongs to the topic."""
    if manifest.codes:
        return f.matter.in_(manifest.codes)
    return f.category.in_(manifest.categories) if manifest.categories else true()


def midnight(now: datetime) -> datetime:
    """Return when today began, in the country's time."""
    return datetime.combine(now.astimezone(ZONE).date(), time(), ZONE).astimezone(UTC)


def condition(asked: Question, now: datetime) -> ColumnElement[bool]:
    """Return a question as SQL; it says what the list of orders says with the same words."""
    going = f.state != CLOSED
    parts = [
        f.state.in_(asked.state) if asked.state else None,
        going if asked.open else None,
        and_(going, f.due_at < now) if asked.overdue else None,
        f.supervised != "" if asked.supervised else None,
        f.created_at >= midnight(now) if asked.registered else None,
        f.channel == asked.channel if asked.channel else None,
    ]
    return and_(true(), *(part for part in parts if part is not None))


def counted(session: Session, questions: Sequence[Question], sight: Sight, divisions: Sequence[str],
            now: datetime) -> Counts:  # fmt: skip
    """Return how many orders answer each question in each division and below it; a division without orders has zeros."""
    found: Counts = {division: [0] * len(questions) for division in divisions}
    if not questions:
        return found
    held = [condition(asked, now) for asked in questions]
    up = t.closure.c
    query = (
        select(up.ancestor, *(func.sum(case((one, 1), else_=0)).label(f"n{place}") for place, one in enumerate(held)))
        .select_from(t.fact.join(t.closure, up.descendant == f.scope_division))
        .where(up.ancestor.in_(divisions), or_(*held), sight.seen, sight.about)
        .group_by(up.ancestor)
    )
    found.update({row[0]: [int(n) for n in row[1:]] for row in session.execute(query)})
    return found


def shares(
    session: Session, asked: Question, by: str, sight: Sight, division: str, now: datetime
) -> list[dict[str, Any]]:
    """Return how the orders of a division divide by a column, the largest part first."""
    column, up = f[by], t.closure.c
    below = select(literal(1)).where(up.ancestor == division, up.descendant == f.scope_division)
    query = (
        select(column, func.count().label("n"))
        .select_from(t.fact)
        .where(condition(asked, now), sight.seen, sight.about, below.correlate(t.fact).exists())
        .group_by(column)
    )
    rows = sorted(((str(row[0]), int(row.n)) for row in session.execute(query)), key=lambda row: (-row[1], row[0]))
    return [{"name": name, "value": n} for name, n in rows[:LARGEST_SHARES]]


def rows(asked: Question, manifest: Manifest, division: str, now: datetime) -> dict[str, str]:
    """Return what the page's list of orders is asked to show the counted rows."""
    today = now.astimezone(ZONE).date().isoformat()
    found: Mapping[str, str] = {
        "division": division,
        "state": "open" if asked.open else ",".join(asked.state),
        "overdue": "1" if asked.overdue else "",
        "supervised": "1" if asked.supervised else "",
        "from": today if asked.registered else "",
        "to": today if asked.registered else "",
        "channel": asked.channel,
        "matter": ",".join(manifest.codes),
        "category": ",".join(manifest.categories),
    }
    return {name: value for name, value in found.items() if value}
