"""One invented order as the rows of the service's tables, just as intake and actions would have written them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from yiwang_services.collaboration import limits, search
from yiwang_services.collaboration import transitions as t
from yiwang_services.collaboration.calendar import Calendar
from yiwang_services.collaboration.demonstration.lives import Step
from yiwang_services.collaboration.demonstration.world import Report
from yiwang_services.collaboration.promises import Promise
from yiwang_services.collaboration.story import REACHED

MARK: Final = "D"
"""Numbers of invented orders say so: 441721-20261123-1-D000001."""
ORDER: Final = (
    "id", "number", "matter", "matter_name", "title", "description", "channel", "reporter_name", "reporter_phone",
    "division", "division_name", "scope_division", "address", "longitude", "latitude", "state", "owner_site", "route",
    "unit", "unit_name", "created_at", "updated_at", "due_at", "due_basis", "closed_at", "version", "generated",
    "matter_version", "category", "search", "search_text", "rules", "bounces", "stage", "stage_n", "stage_started_at",
    "stage_due_at", "accepted_at", "dispatched_at", "disposed_at", "callback",
)  # fmt: skip
TRACE: Final = (
    "work_order",
    "n",
    "at",
    "site",
    "site_name",
    "actor",
    "action",
    "from_state",
    "to_state",
    "note",
    "unit",
)
STAGE: Final = ("work_order", "n", "round", "name", "started_at", "ended_at", "due_at", "suspended_seconds", "unit")


@dataclass(frozen=True)
class Unit:
    """Who handles a matter at this site. 承办单位。"""

    id: UUID
    name: str


@dataclass(frozen=True)
class Setting:
    """The site for which orders are invented. 站点背景。"""

    site: str
    name: str
    incarnation: int
    calendar: Calendar


@dataclass
class Rows:
    """One order's rows. 行。"""

    order: dict[str, Any]
    trace: list[tuple[Any, ...]]
    stages: list[tuple[Any, ...]]


def uuid_at(dice: random.Random, at: datetime) -> UUID:
    """Return a UUIDv7 of a moment, the same for the same dice."""
    value = (
        int(at.timestamp() * 1000) << 80 | 0x7 << 76 | dice.getrandbits(12) << 64 | 0b10 << 62 | dice.getrandbits(62)
    )
    return UUID(int=value)


def made(
    dice: random.Random, where: Setting, n: int, told: Report, promised: Promise, unit: Unit, steps: Sequence[Step]
) -> Rows:
    """Return the rows of an order to which these steps happened."""
    first = steps[0]
    order_id = uuid_at(dice, first.at)
    rows = Rows(_begun(order_id, where, n, told, promised, first), [], [])
    for number, step in enumerate(steps, start=1):
        if number > 1:
            _move(rows, where, promised, unit, number, step)
        label = rows.order["unit_name"]
        rows.trace.append((
            order_id, number, step.at, where.site, where.name, step.actor, step.action, step.before, step.after,
            step.note, label,
        ))  # fmt: skip
    if rows.order["state"] == t.CLOSED:
        rows.order["callback"] = dice.choices(("satisfied", "dissatisfied", "unreached"), weights=(82, 8, 10))[0]
    return rows


def _begun(order_id: UUID, where: Setting, n: int, told: Report, promised: Promise, first: Step) -> dict[str, Any]:
    calendar, rules, total = where.calendar, promised.rules, promised.rules.total
    due, basis = calendar.due(first.at, total.amount, total.unit) if total else (first.at, "")
    number = f"{where.site}-{calendar.today(first.at):%Y%m%d}-{where.incarnation}-{MARK}{n:06d}"
    position = told.position or (None, None)
    return {
        "id": order_id, "number": number, "matter": told.matter, "matter_name": promised.name, "title": told.title,
        "description": told.description, "channel": told.channel, "reporter_name": told.reporter, "reporter_phone": "",
        "division": told.place.code, "division_name": told.place.name, "scope_division": told.place.code,
        "address": told.address, "longitude": position[0], "latitude": position[1], "state": first.after,
        "owner_site": where.site, "route": "[]", "unit": None, "unit_name": "", "created_at": first.at,
        "updated_at": first.at, "due_at": due, "due_basis": basis, "closed_at": None, "version": 1, "generated": True,
        "matter_version": promised.version, "category": promised.category, "rules": rules.text(), "bounces": 0,
        "accepted_at": None, "dispatched_at": None, "disposed_at": None, "callback": "",
        **search.searched(number, told.title, told.address, told.description), **_clock(where, promised, first, 1),
    }  # fmt: skip


def _clock(where: Setting, promised: Promise, step: Step, n: int) -> Mapping[str, Any]:
    entered = limits.enter(where.calendar, promised.rules, step.after, step.at, n)
    return {name: entered[name] for name in ("stage", "stage_n", "stage_started_at", "stage_due_at")}


def _move(rows: Rows, where: Setting, promised: Promise, unit: Unit, n: int, step: Step) -> None:
    """Do what the action would have done: end the stage, enter the next, remember what was reached."""
    order = rows.order
    if order["stage"]:
        rows.stages.append((
            order["id"], order["stage_n"], 1, order["stage"], order["stage_started_at"], step.at, order["stage_due_at"], 0,
            order["unit"],
        ))  # fmt: skip
    rule = t.BY_ACTION[step.action]
    if rule.unit == "set":
        order |= {"unit": unit.id, "unit_name": unit.name}
    if rule.unit == "clear":
        order |= {"unit": None, "unit_name": "", "bounces": order["bounces"] + 1}
    if step.after in REACHED:
        order[REACHED[step.after]] = step.at
    closed = step.at if step.after == t.CLOSED else None
    order |= {"state": step.after, "version": n, "updated_at": step.at, "closed_at": closed}
    order |= _clock(where, promised, step, n)
