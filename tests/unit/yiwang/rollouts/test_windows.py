"""When a site may be changed."""

from __future__ import annotations

from datetime import datetime

import pytest

from yiwang.rollouts.windows import BEIJING, is_open, parse

NIGHTS = ("Mon-Fri 22:00-06:00",)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-02T21:59", False),
        ("2026-11-02T22:00", True),
        ("2026-11-03T05:59", True),
        ("2026-11-03T06:00", False),
        ("2026-11-07T03:00", True),
        ("2026-11-07T23:00", False),
        ("2026-11-02T03:00", False),
    ],
)
def test_a_night_window_belongs_to_the_day_it_opened_on(moment: str, expected: bool) -> None:
    assert is_open(NIGHTS, datetime.fromisoformat(moment).replace(tzinfo=BEIJING)) is expected


def test_no_window_means_always() -> None:
    assert is_open((), datetime(2026, 11, 2, tzinfo=BEIJING))


@pytest.mark.parametrize("text", ["", "always", "Mon-Fri", "Mon-Fri 25:00-06:00", "Mam 10:00-11:00"])
def test_what_is_no_window_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"window|day|hour|minute|format"):
        parse(text)
