"""When a check is due at a target, and when it was missed: 1.5 intervals without a run that came to an end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from yiwang.model.inspection import CheckSpec, Target

MISSED_INTERVALS = 1.5


@dataclass(frozen=True)
class Planned:
    """One check at one target, with its time. 巡检计划项。"""

    check: CheckSpec
    target: Target
    last: datetime | None
    due: datetime | None
    """None = at once: it never came to an end here."""
    missed: bool

    def is_due(self, now: datetime) -> bool:
        """Return whether it is time."""
        return self.due is None or self.due <= now


def plan(
    checks: Iterable[CheckSpec], targets: Iterable[Target], last: Mapping[tuple[str, str], datetime], now: datetime
) -> tuple[Planned, ...]:
    """Return every check at every target that it is for."""
    known = tuple(targets)
    return tuple(
        _planned(check, t, last.get((check.id, t.id)), now) for check in checks for t in known if t.kind is check.target
    )


def _planned(check: CheckSpec, target: Target, last: datetime | None, now: datetime) -> Planned:
    every = timedelta(hours=check.every_hours)
    if last is None:
        return Planned(check, target, None, None, missed=False)
    return Planned(check, target, last, last + every, missed=now - last > every * MISSED_INTERVALS)
