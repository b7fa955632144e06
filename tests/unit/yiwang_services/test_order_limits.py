"""The two clocks of an order on a real calendar: working hours, pauses, another calendar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_services.collaboration import limits
from yiwang_services.collaboration import transitions as t
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.limits import Limit, Rules

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 here
RULES = Rules(
    Limit(7, "working_day"), {"accept": Limit(4, "working_hour"), "verify": Limit(48, "hour")}, 1, position=True
)
MOMENTS = st.datetimes(datetime(2026, 2, 1), datetime(2026, 11, 30), timezones=st.just(UTC))
SPANS = st.integers(0, 60 * 24 * 20).map(lambda minutes: timedelta(minutes=minutes))


@dataclass(frozen=True)
class Row:
    """The columns of an order that the stage clock reads."""

    stage: str = "accept"
    stage_n: int = 1
    round: int = 1
    unit: None = None
    rules: str = RULES.text()
    stage_started_at: datetime = MONDAY
    stage_due_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_until: datetime | None = None
    suspended_seconds: int = 0
    due_at: datetime = MONDAY
    due_basis: str = ""
    original_due_at: datetime | None = None


@dataclass(frozen=True)
class Spell:
    """A pause that was."""

    started_at: datetime
    until: datetime
    ended_at: datetime | None = None


def entered(state: str = t.REGISTERED, at: datetime = MONDAY) -> Row:
    """An order that enters a state."""
    values = limits.enter(calendar(), RULES, state, at, 1)
    return replace(Row(), **{name: value for name, value in values.items() if name != "suspended_reason"})


def test_rules_are_kept_as_they_were() -> None:
    assert limits.rules(RULES.text()) == RULES
    assert limits.rules("") == Rules()


def test_four_working_hours_from_ten_end_at_half_past_four() -> None:
    assert entered().stage_due_at == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def test_working_hours_go_on_after_noon_the_night_and_the_weekend() -> None:
    friday_evening = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
    assert entered(at=friday_evening).stage_due_at == datetime(2026, 11, 30, 7, 0, tzinfo=UTC)


@given(MOMENTS, SPANS)
def test_adding_working_time_is_undone_by_measuring_it(start: datetime, span: timedelta) -> None:
    assert calendar().between(start, calendar().add(start, span)) == span


@given(MOMENTS, SPANS, SPANS)
def test_more_working_time_never_ends_earlier(start: datetime, one: timedelta, other: timedelta) -> None:
    shorter, longer = sorted((one, other))
    assert start <= calendar().add(start, shorter) <= calendar().add(start, longer)


def test_a_pause_of_natural_time_moves_the_limit_by_as_much() -> None:
    row = entered(t.DISPOSED)
    changed = limits.pause(calendar(), row, MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=31), "weather")
    assert row.stage_due_at is not None
    assert changed["stage_due_at"] == row.stage_due_at + timedelta(hours=30)


@given(MOMENTS, st.integers(0, 200), st.integers(1, 2000), st.integers(0, 2000))
def test_a_pause_taken_back_leaves_what_was_left(start: datetime, before: int, length: int, after: int) -> None:
    row = entered(at=start)
    began = start + timedelta(minutes=before)
    until = began + timedelta(minutes=length)
    ended = min(began + timedelta(minutes=after), until)
    if row.stage_due_at is None or row.stage_due_at <= began:
        return
    left = calendar().between(began, row.stage_due_at)
    paused = limits.pause(calendar(), row, began, until, "other")
    standing = replace(row, **{name: value for name, value in paused.items() if name != "suspended_reason"})
    changed = limits.resume(calendar(), standing, ended)
    assert calendar().between(ended, changed["stage_due_at"]) == left
    assert changed["suspended_seconds"] == (ended - began).total_seconds()


def test_a_limit_that_is_over_is_not_saved_by_a_pause() -> None:
    row = entered()
    late = MONDAY + timedelta(days=2)
    assert limits.pause(calendar(), row, late, late + timedelta(days=1), "other")["stage_due_at"] == row.stage_due_at


def test_a_pause_ends_by_itself() -> None:
    row = replace(Row(), suspended_at=MONDAY, suspended_until=MONDAY + timedelta(hours=5))
    assert limits.suspended(row, MONDAY + timedelta(hours=4))
    assert not limits.suspended(row, MONDAY + timedelta(hours=5))
    assert limits.paused(row, MONDAY + timedelta(days=9)) == 5 * 3600


def test_every_state_but_the_ends_is_a_stage_with_titles() -> None:
    assert set(t.STATES) - set(limits.STAGES) == {t.CLOSED, t.HANDED_OVER}
    assert set(limits.STAGES.values()) == set(limits.TITLES)
    assert limits.finished(Row(stage=""), MONDAY) is None


def test_another_calendar_moves_working_limits_with_their_pauses_and_nothing_agreed_by_hand() -> None:
    tuesday = MONDAY.date() + timedelta(days=1)
    other = replace(calendar(), id="next", holidays=calendar().holidays | {MONDAY.date(), tuesday})
    row = replace(entered(), due_at=calendar().due(MONDAY, 7, "working_day")[0], due_basis=calendar().id)
    moved = limits.recomputed(other, row, MONDAY, [])
    assert moved["stage_due_at"] == datetime(2026, 11, 25, 4, 0, tzinfo=UTC) + timedelta(hours=3)
    assert moved["due_at"] == row.due_at + timedelta(days=1)
    paused = limits.recomputed(other, row, MONDAY, [Spell(MONDAY, MONDAY + timedelta(days=3))])
    assert paused["stage_due_at"] == datetime(2026, 11, 26, 8, 30, tzinfo=UTC)
    extended = replace(row, original_due_at=MONDAY)
    assert "due_at" not in limits.recomputed(other, extended, MONDAY, [])
    assert limits.recomputed(calendar(), row, MONDAY, []) == {}


@pytest.mark.parametrize("unit", ["hour", "natural_day", "working_hour", "working_day"])
@given(start=MOMENTS, amount=st.integers(1, 40))
def test_a_longer_limit_never_ends_earlier(unit: str, start: datetime, amount: int) -> None:
    assert start <= calendar().due(start, amount, unit)[0] <= calendar().due(start, amount + 1, unit)[0]
