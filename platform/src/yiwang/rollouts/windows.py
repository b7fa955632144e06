"""When a site may be changed: windows such as ``Mon-Fri 22:00-06:00``, in the sites' own time.

All sites keep Beijing time, which has had no daylight saving since 1991, so a fixed offset is exact and needs no time
zone data at a site.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PATTERN = re.compile(
    r"^(?P<first>[A-Z][a-z]{2})(?:-(?P<last>[A-Z][a-z]{2}))? (?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)$"
)


@dataclass(frozen=True)
class Window:
    """Days and hours in which a site may be changed. 变更窗口。"""

    days: frozenset[int]
    opens: time
    closes: time

    def contains(self, local: datetime) -> bool:
        """Whether a local moment lies inside; a window past midnight belongs to the day it opened on."""
        clock = local.time()
        if self.opens < self.closes:
            return local.weekday() in self.days and self.opens <= clock < self.closes
        yesterday = (local.weekday() - 1) % 7
        return (local.weekday() in self.days and clock >= self.opens) or (
            yesterday in self.days and clock < self.closes
        )


def parse(text: str) -> Window:
    """Read a window. Raises ValueError naming what is wrong."""
    match = PATTERN.match(text)
    if match is None:
        raise ValueError(f"window {text!r} must look like 'Mon-Fri 22:00-06:00'")
    first, last = _day(match["first"]), _day(match["last"] or match["first"])
    days = frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    return Window(days, time.fromisoformat(match["opens"]), time.fromisoformat(match["closes"]))


def _day(name: str) -> int:
    if name not in DAYS:
        raise ValueError(f"{name!r} is no day; expected one of {', '.join(DAYS)}")
    return DAYS.index(name)


def is_open(windows: tuple[str, ...], now: datetime) -> bool:
    """Whether any window is open now; no windows means always."""
    local = now.astimezone(BEIJING)
    return not windows or any(parse(text).contains(local) for text in windows)
