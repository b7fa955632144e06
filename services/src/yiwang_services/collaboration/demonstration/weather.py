"""When citizens report how much: the year's seasons, the week, the hour of the day, holidays, and storms from the sea."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

ZONE = timezone(timedelta(hours=8))
MONTHS = (0.85, 0.55, 0.95, 1.0, 1.1, 1.25, 1.3, 1.3, 1.15, 1.0, 0.95, 0.9)
"""February has the Spring Festival, summer has heat, rain and open windows."""
WEEK = (1.15, 1.1, 1.05, 1.05, 1.05, 0.75, 0.65)
HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 14, 16, 15, 12, 8, 9, 13, 14, 13, 11, 9, 9, 10, 8, 5, 3)
HOLIDAY = 0.5
STORM = 3.5
STORMS_A_YEAR = 5
STORM_MONTHS = (6, 7, 8, 9)


@dataclass(frozen=True)
class Storm:
    """Days on which wind and rain fill the hotline. 风暴。"""

    first: date
    days: int

    def covers(self, day: date) -> bool:
        """Return whether a day is one of them, the day of clearing up included."""
        return self.first <= day <= self.first + timedelta(days=self.days)


def storms(years: range, seed: int) -> tuple[Storm, ...]:
    """Return the storms of some years, the same for the same seed wherever they are asked for: one sky over all sites."""
    found = []
    for year in years:
        dice = random.Random(f"storms {seed} {year}")  # noqa: S311 - nothing secret
        for _ in range(STORMS_A_YEAR):
            first = date(year, dice.choice(STORM_MONTHS), dice.randrange(1, 29))
            found.append(Storm(first, dice.randrange(1, 4)))
    return tuple(sorted(found, key=lambda storm: storm.first))


def weight(day: date, sky: tuple[Storm, ...], works: Callable[[date], bool]) -> float:
    """Return how many reports a day brings, as a multiple of a plain day's."""
    usual = MONTHS[day.month - 1] * WEEK[day.weekday()]
    if day.weekday() < len(WEEK) - 2 and not works(day):
        usual *= HOLIDAY
    return usual * (STORM if any(storm.covers(day) for storm in sky) else 1.0)


def moment(dice: random.Random, day: date) -> datetime:
    """Return an instant of a day, by the hours at which people report."""
    hour = dice.choices(range(24), weights=HOURS)[0]
    return datetime.combine(day, time(hour, dice.randrange(60), dice.randrange(60)), ZONE)
