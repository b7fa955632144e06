"""Working days against a calendar that others keep, and the laws of counting with them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_services.collaboration.calendar import calendar

HERE = calendar()
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 30), timezones=st.just(UTC))
WORK = st.integers(0, 200 * 3600).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize("year", sorted(HERE.years))
def test_every_day_of_an_announced_year_is_what_another_calendar_says(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    differing = [day for day in days if day.year == year and HERE.works(day) != chinese_calendar.is_workday(day)]
    assert differing == []


@given(MOMENTS, WORK)
def test_working_time_that_was_added_is_found_between(start: datetime, work: timedelta) -> None:
    assert HERE.between(start, HERE.add(start, work)) == work


@given(MOMENTS, WORK, WORK)
def test_more_work_never_ends_earlier(start: datetime, one: timedelta, other: timedelta) -> None:
    assert (HERE.add(start, one) <= HERE.add(start, other)) == (one <= other) or HERE.add(start, one) == HERE.add(
        start, other
    )


@given(MOMENTS, MOMENTS, MOMENTS)
def test_working_time_is_the_sum_of_its_parts(one: datetime, two: datetime, three: datetime) -> None:
    first, middle, last = sorted((one, two, three))
    assert HERE.between(first, middle) + HERE.between(middle, last) == HERE.between(first, last)


@given(MOMENTS, st.integers(1, 60))
def test_a_limit_in_working_days_ends_on_a_working_day_after_so_many_of_them(start: datetime, days: int) -> None:
    due, basis = HERE.due(start, days, "working_day")
    last = HERE.today(due)
    counted = sum(
        HERE.works(HERE.today(start) + timedelta(days=n)) for n in range(1, (last - HERE.today(start)).days + 1)
    )
    assert (counted, HERE.works(last)) == (days, True)
    assert basis == HERE.id or "beyond" in basis


def test_a_limit_that_reaches_a_year_nobody_announced_says_that_it_is_provisional() -> None:
    _, basis = HERE.due(datetime(2026, 12, 31, 2, tzinfo=UTC), 3, "working_day")
    assert basis == f"{HERE.id}, weekends only beyond it"
