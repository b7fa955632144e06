"""Periods of the calendar: where one begins and ends, the one before it, the same one a year earlier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from yiwang_services.indicator.settings import TIME_ZONE_HOURS

DAY, WEEK, MONTH, QUARTER, YEAR = KINDS = ("day", "week", "month", "quarter", "year")
MONTHS: Final = {MONTH: 1, QUARTER: 3, YEAR: 12}
WEEKS_A_YEAR: Final = 52
ZONE: Final = timezone(timedelta(hours=TIME_ZONE_HOURS))


@dataclass(frozen=True, order=True)
class Period:
    """A day, week, month, quarter or year; both ends are midnights of the site's time zone. 统计时段。"""

    kind: str
    starts: date

    @property
    def ends(self) -> date:
        """Return the first day after the period."""
        return _moved(self, 1)

    def previous(self) -> Period:
        """Return the period right before. 上期。"""
        return Period(self.kind, _moved(self, -1))

    def last_year(self) -> Period:
        """Return the same period a year earlier; of a week the one 52 weeks before. 上年同期。"""
        if self.kind == WEEK:
            return Period(WEEK, self.starts - timedelta(weeks=WEEKS_A_YEAR))
        if self.kind == DAY:
            leap = (self.starts.month, self.starts.day) == (2, 29)
            return Period(DAY, self.starts.replace(year=self.starts.year - 1, day=28 if leap else self.starts.day))
        return Period(self.kind, _months_on(self.starts, -12))

    def moments(self) -> tuple[datetime, datetime]:
        """Return the first moment of the period and the first one after it, in UTC."""
        first, last = (datetime.combine(day, time(), ZONE).astimezone(UTC) for day in (self.starts, self.ends))
        return first, last


def period_of(kind: str, day: date) -> Period:
    """Return the period of a kind in which a day lies."""
    if kind == DAY:
        return Period(DAY, day)
    if kind == WEEK:
        return Period(WEEK, day - timedelta(days=day.weekday()))
    months = MONTHS[kind]
    return Period(kind, date(day.year, (day.month - 1) // months * months + 1, 1))


def recent(kind: str, now: datetime, count: int) -> list[Period]:
    """Return the running period and those before it, newest first."""
    found = [period_of(kind, now.astimezone(ZONE).date())]
    while len(found) < count:
        found.append(found[-1].previous())
    return found


def _moved(period: Period, by: int) -> date:
    if period.kind in MONTHS:
        return _months_on(period.starts, by * MONTHS[period.kind])
    return period.starts + by * timedelta(days=7 if period.kind == WEEK else 1)


def _months_on(day: date, by: int) -> date:
    months = day.year * 12 + day.month - 1 + by
    return date(months // 12, months % 12 + 1, 1)
