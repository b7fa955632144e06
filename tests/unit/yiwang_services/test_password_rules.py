"""What a new password must be, and for how long wrong tries close the door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from yiwang_services.management import passwords
from yiwang_services.management.domain import QUICK_LOG_N, hash_password, password_fits
from yiwang_services.management.tries import RULES, Patience

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "password",
    ["Password2026", "p@ssw0rd!!", "qwertyuiop12", "1qaz2wsx3edc", "Guangdong@123", "zhengwufuwu1", "1234567890ab",
     "yiwangtong888", "Adm1n1strator"],
)  # fmt: skip
def test_what_guessing_begins_with_is_refused(password: str) -> None:
    assert passwords.fault(password, "li.na", []) is not None


@pytest.mark.parametrize(
    "password", ["a-long-new-secret", "三月桃花水 涨满河湾", "kX8vQpT2mZ9cRdYw", "rain over the estuary"]
)
def test_a_long_password_of_ones_own_is_good(password: str) -> None:
    assert passwords.fault(password, "li.na", []) is None


def test_one_of_the_last_passwords_does_not_come_back() -> None:
    former = [hash_password("rain over the estuary", log_n=QUICK_LOG_N)]
    assert "5" in str(passwords.fault("rain over the estuary", "li.na", former))
    assert passwords.fault("wind over the estuary", "li.na", former) is None


def test_a_quick_hash_of_a_generated_password_is_one_of_the_same_kind() -> None:
    quick = hash_password("kX8vQpT2mZ9cRdYw", log_n=QUICK_LOG_N)
    assert password_fits("kX8vQpT2mZ9cRdYw", quick)
    assert not password_fits("kX8vQpT2mZ9cRdYx", quick)


def test_a_password_is_due_after_its_days_and_never_where_its_age_is_unknown() -> None:
    assert passwords.is_due(NOW - timedelta(days=181), NOW)
    assert not passwords.is_due(NOW - timedelta(days=179), NOW)
    assert not passwords.is_due(None, NOW)


def test_the_policy_is_told_in_both_languages_with_its_numbers() -> None:
    told = passwords.policy()
    assert all(str(told[name]) in str(told["title_zh"]) and str(told[name]) in str(told["title_en"])
               for name in ("length", "history", "days"))  # fmt: skip


def test_every_further_lock_is_twice_as_long_up_to_a_day() -> None:
    rule = Patience(5, timedelta(minutes=15))
    minutes = [rule.lock(times).total_seconds() / 60 for times in range(9)]
    assert minutes == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]
    assert rule.lock(10**6) == timedelta(hours=24)


def test_an_address_is_borne_with_longer_than_a_login_because_an_office_shares_one() -> None:
    login, address = RULES["login:"], RULES["address:"]
    assert address.failures > login.failures
    assert address.first < login.first
