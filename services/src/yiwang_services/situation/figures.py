"""The figures of a topic in a division: values of indicators and counts of orders, as far as the asking person may read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import permissions_of, scope_clause
from yiwang_services.situation import facts, wording
from yiwang_services.situation import tables as t
from yiwang_services.situation.manifest import Figure, Manifest, Question, Words
from yiwang_services.situation.settings import SERIES_PERIODS, STALE_MINUTES

VALUES_READ: Final = "indicator.value.read"
UNKNOWN, NO_RIGHT, NOT_COMPUTED = "no_such_indicator", "no_right", "not_computed"
DEFINITIONS: Final = "/api/indicator/v1/definitions"
VALUES: Final = "/api/indicator/v1/values"
COUNTED: Final = "件"
v = t.value.c


@dataclass(frozen=True)
class Place:
    """Where one stands: a division and what lies directly below. 所在区划。"""

    code: str
    below: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Return the division and those directly below."""
        return (self.code, *self.below)

    def chosen(self, at: str) -> tuple[str, ...]:
        """Return the divisions that a rule is judged in: here, below, or both."""
        return {"here": (self.code,), "below": self.below}.get(at, self.all)


@dataclass(frozen=True)
class Asked:
    """Who asks for which topic, where, when. 查询。"""

    actor: Actor
    manifest: Manifest
    place: Place
    now: datetime


@dataclass(frozen=True)
class Held:
    """What was found of a topic's indicators. 指标查得。"""

    said: Mapping[str, Any]
    values: Mapping[str, list[Any]]
    readable: frozenset[str]

    def missing(self, code: str, division: str) -> str:
        """Return why there is no value."""
        if code not in self.said:
            return UNKNOWN
        return NOT_COMPUTED if division in self.readable else NO_RIGHT


def figures(session: Session, asked: Asked) -> list[dict[str, Any]]:
    """Return every figure of a topic."""
    counts, held = order_counts(session, asked), indicator_values(session, asked)
    return [
        counted(one, asked, counts) if one.orders is not None else indicated(one, asked, held)
        for one in asked.manifest.figures
    ]


def order_counts(session: Session, asked: Asked) -> Mapping[Question, Mapping[str, int]] | None:
    """Return the counts of every question by division; None for somebody who may read no order."""
    if not may_read_orders(session, asked.actor):
        return None
    questions = tuple(dict.fromkeys(one.orders for one in asked.manifest.figures if one.orders is not None))
    sight = facts.sight(session, asked.actor, asked.manifest, asked.place.code)
    found = facts.counted(session, questions, sight, asked.place.all, asked.now)
    return {
        question: {division: row[place] for division, row in found.items()} for place, question in enumerate(questions)
    }


def may_read_orders(session: Session, actor: Actor) -> bool:
    """Return whether the person may read any order at all."""
    return facts.ORDERS_READ in permissions_of(session, actor)


def counted(one: Figure, asked: Asked, counts: Mapping[Question, Mapping[str, int]] | None) -> dict[str, Any]:
    """Return a count of orders, as it is now."""
    if one.orders is None:
        raise ValueError(one.id)
    found = None if counts is None else counts[one.orders]
    zh, en = wording.caliber(one.orders, asked.manifest)
    stamp = asked.now.isoformat()
    return {
        **common(one, asked, one.title), "kind": "orders", "unit": COUNTED,
        "value": None if found is None else found[asked.place.code], "numerator": None, "denominator": None,
        "reason": NO_RIGHT if found is None else "", "data_time": stamp, "stale": False, "period": None,
        "version": None, "definition": {"formula": zh, "formula_en": en, "source": "协同处置 collaboration"},
        "links": {
            "definition": None,
            "rows": facts.rows(one.orders, asked.manifest, asked.place.code, asked.now),
            "values": None, "action": action(one, asked),
        },
        "series": [],
        "parts": [] if found is None else [
            {"division": division, "value": found[division], "numerator": None, "denominator": None, "data_time": stamp}
            for division in asked.place.below
        ],
    }  # fmt: skip


def indicator_values(session: Session, asked: Asked) -> Held:
    """Return what indicators say of themselves, and their values here and below as far as the person may read."""
    codes, d, n = asked.manifest.indicators, t.division.c, t.definition.c
    if not codes:
        return Held({}, {}, frozenset())
    said = {row.code: row for row in session.execute(select(t.definition).where(n.code.in_(codes)))}
    may_read = scope_clause(asked.actor, VALUES_READ, division_column=d.code)
    readable = frozenset(session.execute(select(d.code).where(d.code.in_(asked.place.all), may_read)).scalars())
    today = asked.now.astimezone(facts.ZONE).date()
    return Held(said, read_values(session, codes, asked.place, readable, today) if readable else {}, readable)


def read_values(session: Session, codes: Sequence[str], place: Place, readable: Collection[str],
                today: date) -> dict[str, list[Any]]:  # fmt: skip
    """Return rows by code: those of the division, newest first, then the parts of the newest period."""
    divisions = [division for division in place.all if division in readable]
    newest = (
        select(v.code, func.max(v.starts).label("starts"))
        .where(v.code.in_(codes), v.division.in_(divisions), v.starts <= today)
        .group_by(v.code)
        .subquery()
    )
    below = select(t.value).join(newest, (newest.c.code == v.code) & (newest.c.starts == v.starts))
    rows: list[Any] = []
    if place.code in readable:
        here = select(t.value).where(v.code.in_(codes), v.division == place.code, v.starts <= today)
        rows = [*session.execute(here.order_by(v.starts.desc()))]
    rows += session.execute(below.where(v.division.in_([one for one in divisions if one != place.code]))).all()
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.code, []).append(row)
    return found


def indicated(one: Figure, asked: Asked, held: Held) -> dict[str, Any]:
    """Return an indicator's newest value here with what it was divided from, its line and its parts below."""
    code, here = one.indicator or "", asked.place.code
    rows, said = held.values.get(code, []), held.said.get(code)
    own = [row for row in rows if row.division == here]
    newest = own[0] if own else None
    title = one.title or (Words(said.name, said.name_en or said.name) if said else Words(code, code))
    return {
        **common(one, asked, title), "kind": "indicator",
        "unit": said.unit if said else "", "version": said.version if said else None,
        "value": newest.value if newest else None, "numerator": newest.numerator if newest else None,
        "denominator": newest.denominator if newest else None,
        "reason": newest.reason if newest else held.missing(code, here),
        "data_time": newest.data_time.isoformat() if newest else None,
        "stale": newest is None or stale(newest.data_time, asked.now),
        "period": period(newest) if newest else None, "definition": None,
        "links": {
            "definition": f"{DEFINITIONS}/{code}" if said else None, "rows": None,
            "values": values_link(code, newest) if newest else None, "action": action(one, asked),
        },
        "series": [{"starts": row.starts.isoformat(), "value": row.value} for row in reversed(own[:SERIES_PERIODS])],
        "parts": [part(row) for row in rows if row.division != here],
    }  # fmt: skip


def part(row: Any) -> dict[str, Any]:
    """Return an indicator's value in a division below; a rate with what it was divided from."""
    return {"division": row.division, "value": row.value, "numerator": row.numerator, "denominator": row.denominator,
            "data_time": row.data_time.isoformat()}  # fmt: skip


def common(one: Figure, asked: Asked, title: Words | None) -> dict[str, Any]:
    """Return what every figure says of itself."""
    said = title or Words(one.id, one.id)
    return {"id": one.id, "title": said.zh, "title_en": said.en, "indicator": one.indicator, "urgent": one.urgent,
            "division": asked.place.code}  # fmt: skip


def stale(data_time: datetime, now: datetime) -> bool:
    """Return whether data are too old to be shown as the state of things."""
    return now - data_time > timedelta(minutes=STALE_MINUTES)


def period(row: Any) -> dict[str, str]:
    """Return a value's period with its first and last day."""
    return {"kind": row.period, "starts": row.starts.isoformat(), "last": (row.ends - timedelta(days=1)).isoformat()}


def values_link(code: str, row: Any) -> str:
    """Return where the indicator service shows this very value, and the way to its rows."""
    return f"{VALUES}?code={code}&division={row.division}&from={row.starts.isoformat()}&to={row.ends.isoformat()}"


def action(one: Figure, asked: Asked) -> dict[str, Any] | None:
    """Return what can be done about a figure: a list to work on, or a new order."""
    if one.action is None:
        return None
    said = {"title": one.action.title.zh, "title_en": one.action.title.en}
    if one.action.orders is not None:
        return {**said, "orders": facts.rows(one.action.orders, asked.manifest, asked.place.code, asked.now)}
    return {**said, "register": {"division": asked.place.code}}
