"""The two clocks of an order: one for the stage it is in, in working time and with pauses; one that never stops.

The limits are those of the matter's version at intake and stay with the order, so that a new version of the catalogue
changes no running promise. A pause has an end from the beginning: the stage's new limit is known at once, and nobody has
to be awake when the pause ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from yiwang_services.collaboration import transitions as t

STAGES = {
    t.REGISTERED: "accept",
    t.ACCEPTED: "dispatch",
    t.RETURNED: "dispatch",
    t.DISPATCHED: "sign",
    t.DISPOSING: "dispose",
    t.DISPOSED: "verify",
    t.VERIFIED: "close",
}
"""The stage in which an order is in each state; a closed or travelling order is in none."""
TITLES = {
    "accept": ("受理", "acceptance"),
    "dispatch": ("分拨", "dispatch"),
    "sign": ("签收", "signing"),
    "dispose": ("处置", "disposal"),
    "verify": ("核查", "verification"),
    "close": ("结案", "closure"),
}
WORKING = frozenset({"working_hour", "working_day"})


class WorkingTime(Protocol):
    """What the clocks ask of a working calendar."""

    def due(self, start: datetime, amount: int, unit: str) -> tuple[datetime, str]:
        """Return when a limit ends and by which rule."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two instants."""

    def add(self, start: datetime, working: timedelta) -> datetime:
        """Return the instant that so much working time ends."""


@dataclass(frozen=True)
class Limit:
    """How long something may take. 时限。"""

    amount: int
    unit: str

    def json(self) -> dict[str, Any]:
        """Return the limit as data."""
        return {"amount": self.amount, "unit": self.unit}


@dataclass(frozen=True)
class Rules:
    """What an order was promised when it was taken in. 办理规则。"""

    total: Limit | None = None
    stages: Mapping[str, Limit] = field(default_factory=dict)
    photos: int = 0
    position: bool = False

    def text(self) -> str:
        """Return the rules as they are kept."""
        stages = [{"name": name, **limit.json()} for name, limit in self.stages.items()]
        total = self.total.json() if self.total else None
        return json.dumps({"total": total, "stages": stages, "photos": self.photos, "position": self.position})


def rules(text: str) -> Rules:
    """Return rules as they were kept; an order of an earlier release has none."""
    if not text:
        return Rules()
    kept = json.loads(text)
    total = kept["total"]
    return Rules(
        Limit(total["amount"], total["unit"]) if total else None,
        {row["name"]: Limit(row["amount"], row["unit"]) for row in kept["stages"]},
        kept["photos"],
        kept["position"],
    )


def enter(calendar: WorkingTime, wanted: Rules, state: str, at: datetime, n: int) -> dict[str, Any]:
    """Return the columns of the stage clock for an order that enters a state."""
    name = STAGES.get(state, "")
    limit = wanted.stages.get(name)
    due = calendar.due(at, limit.amount, limit.unit)[0] if limit else None
    return {
        "stage": name, "stage_n": n, "stage_started_at": at, "stage_due_at": due, "suspended_at": None,
        "suspended_until": None, "suspended_reason": "", "suspended_seconds": 0,
    }  # fmt: skip


def finished(row: Any, at: datetime) -> dict[str, Any] | None:
    """Return the stage that an order leaves now, or None for one that never had a clock."""
    if not row.stage or row.stage_started_at is None:
        return None
    return {
        "n": row.stage_n, "round": row.round, "name": row.stage, "started_at": row.stage_started_at, "ended_at": at,
        "due_at": row.stage_due_at, "suspended_seconds": paused(row, at), "unit": row.unit,
    }  # fmt: skip


def suspended(row: Any, now: datetime) -> bool:
    """Return whether the stage clock stands still now."""
    return row.suspended_until is not None and row.suspended_until > now


def paused(row: Any, now: datetime) -> int:
    """Return the seconds for which the clock of this stage has stood still."""
    if row.suspended_at is None:
        return int(row.suspended_seconds)
    ended = min(now, row.suspended_until)
    return int(row.suspended_seconds + max(0.0, (ended - row.suspended_at).total_seconds()))


def pause(calendar: WorkingTime, row: Any, now: datetime, until: datetime, reason: str) -> dict[str, Any]:
    """Return the columns of a stage whose clock stands still from now on."""
    return {
        "suspended_seconds": paused(row, now), "suspended_at": now, "suspended_until": until, "suspended_reason": reason,
        "stage_due_at": moved(calendar, row, now, until),
    }  # fmt: skip


def resume(calendar: WorkingTime, row: Any, now: datetime) -> dict[str, Any]:
    """Return the columns of a stage whose clock runs again before the pause was to end."""
    return {
        "suspended_seconds": paused(row, now), "suspended_at": None, "suspended_until": None, "suspended_reason": "",
        "stage_due_at": moved(calendar, row, row.suspended_until, now),
    }  # fmt: skip


def moved(calendar: WorkingTime, row: Any, start: datetime, end: datetime) -> datetime | None:
    """Return the stage's limit when what is left of it at `start` counts from `end`; a limit already over stays."""
    if row.stage_due_at is None or row.stage_due_at <= start:
        return row.stage_due_at  # type: ignore[no-any-return]
    limit = rules(row.rules).stages.get(row.stage)
    if limit is not None and limit.unit in WORKING:
        return calendar.add(end, calendar.between(start, row.stage_due_at))
    return end + (row.stage_due_at - start)  # type: ignore[no-any-return]


def recomputed(calendar: WorkingTime, row: Any, total_from: datetime, spells: list[Any]) -> dict[str, Any]:
    """Return the columns that another calendar changes; what was agreed by hand (an extension) stays."""
    wanted, changed = rules(row.rules), dict[str, Any]()
    if wanted.total and row.original_due_at is None:
        due, basis = calendar.due(total_from, wanted.total.amount, wanted.total.unit)
        changed |= {"due_at": due, "due_basis": basis}
    limit = wanted.stages.get(row.stage)
    if limit:
        changed["stage_due_at"] = _replayed(calendar, row, limit, spells)
    return {name: value for name, value in changed.items() if getattr(row, name) != value}


@dataclass(frozen=True)
class _Running:
    """A stage clock while pauses are replayed on it."""

    stage: str
    rules: str
    stage_due_at: datetime | None


def _replayed(calendar: WorkingTime, row: Any, limit: Limit, spells: list[Any]) -> datetime | None:
    """Return the stage's limit with each of its pauses counted again, the earliest first."""
    due: datetime | None = calendar.due(row.stage_started_at, limit.amount, limit.unit)[0]
    for spell in sorted(spells, key=lambda one: one.started_at):
        if spell.started_at >= row.stage_started_at:
            ended = min(spell.until, spell.ended_at or spell.until)
            due = moved(calendar, _Running(row.stage, row.rules, due), spell.started_at, ended)
    return due
