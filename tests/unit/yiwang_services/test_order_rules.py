"""Texts, masks, numbers and time limits of orders."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_services.collaboration import domain
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.transitions import BY_ACTION


@pytest.mark.parametrize(
    "value", ["𠮷田", "=1+1", "'; drop table x; --", "第一行\n第二行\t缩进", "㐂䶮", "100%_\\", "👨‍👩‍👧"]
)
def test_names_are_only_text(value: str) -> None:
    assert domain.text_fault(value) is None


@pytest.mark.parametrize("value", ["a\x00", "a\x07", "\x1b[31m", "abc\u202edef", "\ud800", "a\u2028b", "\x85"])
def test_characters_that_hide_or_turn_the_line_are_refused(value: str) -> None:
    assert domain.text_fault(value) is not None


@pytest.mark.parametrize(
    ("phone", "right"),
    [
        ("13800138000", True), ("+86 0662-5551234", True), ("", True), ("12345", False),
        ("138001380001380013800", False), ("电话", False), ("１３８００１３８０００", False),
    ],
)  # fmt: skip
def test_a_telephone_number_has_the_form_of_one(phone: str, right: bool) -> None:
    assert (domain.phone_fault(phone) is None) == right


@given(st.text(st.characters(exclude_characters="*"), max_size=40))
def test_a_mask_never_shows_the_whole_name(name: str) -> None:
    assert len(name) < 2 or domain.mask_name(name) != name
    assert len(domain.mask_name(name)) <= 4


@given(st.from_regex(r"[0-9]{1,20}", fullmatch=True))
def test_a_mask_never_shows_the_whole_number(phone: str) -> None:
    shown = [c for c in domain.mask_phone(phone) if c.isdigit()]
    assert len(shown) < len(phone)


def test_an_order_number_says_where_when_and_in_which_life_of_the_database() -> None:
    assert domain.order_number("441721", date(2026, 11, 23), 2, 7) == "441721-20261123-2-0007"
    assert domain.order_number("440000-twin", date(2026, 11, 23), 1, 12345) == "440000-twin-20261123-1-12345"


def test_fields_are_checked_by_name_form_and_length() -> None:
    fields = BY_ACTION["hand_down"].fields
    assert domain.field_faults(fields, {"site": "441721", "note": "请办理"}) == []
    assert [fault["field"] for fault in domain.field_faults(fields, {"other": "x"})] == ["other", "site", "note"]
    assert domain.field_faults(fields, {"site": 7, "note": "长" * 1001})[0]["expected"].startswith("应为文本")


@pytest.mark.parametrize(
    ("start", "amount", "unit", "due"),
    [
        ("2026-11-23T02:00", 7, "working_day", "2026-12-02T15:59:59"),
        ("2026-09-30T02:00", 1, "working_day", "2026-10-08T15:59:59"),  # behind the holidays of October
        ("2026-09-18T02:00", 1, "working_day", "2026-09-20T15:59:59"),  # a Sunday on which people work
        ("2026-11-27T15:59", 1, "working_day", "2026-11-30T15:59:59"),  # Friday 23:59 here
        ("2026-11-27T16:01", 1, "working_day", "2026-11-30T15:59:59"),  # Saturday 00:01 here
        ("2026-11-23T02:00", 3, "natural_day", "2026-11-26T15:59:59"),
        ("2026-11-23T02:00", 24, "hour", "2026-11-24T02:00:00"),
    ],
)
def test_limits_end_when_people_here_expect(start: str, amount: int, unit: str, due: str) -> None:
    found, _ = calendar().due(datetime.fromisoformat(start).replace(tzinfo=UTC), amount, unit)
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_beyond_the_calendars_years_the_limit_says_that_it_knows_weekends_only() -> None:
    found, basis = calendar().due(datetime(2026, 12, 30, 2, tzinfo=UTC), 3, "working_day")
    assert found == datetime(2027, 1, 4, 15, 59, 59, tzinfo=UTC)
    assert basis.endswith("weekends only beyond it")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)), st.integers(1, 15))
def test_a_longer_limit_never_ends_earlier(start: datetime, amount: int) -> None:
    aware = start.replace(tzinfo=UTC)
    shorter, longer = (calendar().due(aware, n, "working_day")[0] for n in (amount, amount + 1))
    assert aware < shorter < longer


@pytest.mark.parametrize(
    ("on", "holds"), [("2026-03-31", False), ("2026-04-01", True), ("2026-10-31", True), ("2026-11-01", False)]
)
def test_both_end_days_belong_to_a_matters_period(on: str, holds: bool) -> None:
    assert domain.in_effect(date(2026, 4, 1), date(2026, 10, 31), date.fromisoformat(on)) is holds
    assert domain.in_effect(date(2026, 4, 1), None, date(2099, 1, 1))
