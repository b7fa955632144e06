"""When a time limit ends, in days as people here count them (UTC+8).

Working days follow the content pack; a year that the pack does not know has weekends only, and the result says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any

from yiwang_services.collaboration.settings import CALENDAR_PACK
from yiwang_services.packs import pack

SATURDAY = 5
LAST_SECOND = time(23, 59, 59)
HOURS = (time(8, 30), time(12), time(14, 30), time(17, 30))
"""When offices open, close for noon, open again and close."""


@dataclass(frozen=True)
class Calendar:
    """Which days are working days. 工作日历。"""

    id: str
    zone: timezone
    years: frozenset[int]
    holidays: frozenset[date]
    working_weekends: frozenset[date]

    def works(self, day: date) -> bool:
        """Return whether a day is a working day."""
        if day in self.working_weekends:
            return True
        return day.weekday() < SATURDAY and day not in self.holidays

    def today(self, now: datetime) -> date:
        """Return the day that it is here."""
        return now.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """Return the instant at which a day begins here."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def due(self, start: datetime, amount: int, unit: str) -> tuple[datetime, str]:
        """Return when a limit that starts now ends, and by which rule: hours run, days end at their last second."""
        if unit == "hour":
            return start + timedelta(hours=amount), "natural hours"
        day = self.today(start)
        if unit == "working_hour":
            return self.add(start, timedelta(hours=amount)), self.id
        if unit == "natural_day":
            return self._end(day + timedelta(days=amount)), "natural days"
        known, left = True, amount
        while left:
            day += timedelta(days=1)
            known = known and day.year in self.years
            left -= self.works(day)
        return self._end(day), self.id if known else f"{self.id}, weekends only beyond it"

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two instants."""
        day, last, total = self.today(start), self.today(end), timedelta()
        while day <= last:
            for opens, closes in self._hours(day):
                total += max(timedelta(), min(end, closes) - max(start, opens))
            day += timedelta(days=1)
        return total

    def add(self, start: datetime, working: timedelta) -> datetime:
        """Return the instant at which so much working time has passed."""
        day, left = self.today(start), working
        while left > timedelta():
            for opens, closes in self._hours(day):
                begin = max(start, opens)
                if begin + left <= closes:
                    return begin + left
                left -= max(timedelta(), closes - begin)
            day += timedelta(days=1)
        return start

    def _hours(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.works(day):
            return []
        at = [datetime.combine(day, hour, self.zone) for hour in HOURS]
        return [(at[0], at[1]), (at[2], at[3])]

    def _end(self, day: date) -> datetime:
        return datetime.combine(day, LAST_SECOND, self.zone).astimezone(UTC)


def read(id: str, content: Mapping[str, Any]) -> Calendar:
    """Return a calendar from a pack's content."""
    return Calendar(
        id=id,
        zone=timezone(timedelta(hours=content["time_zone_hours"])),
        years=frozenset(content["years"]),
        holidays=frozenset(date.fromisoformat(day) for day in content["holidays"]),
        working_weekends=frozenset(date.fromisoformat(day) for day in content["working_weekends"]),
    )


@cache
def calendar() -> Calendar:
    """Return the calendar of this release."""
    installed = pack(CALENDAR_PACK)
    return read(installed.id, installed.json("calendar.json"))
