"""`make scan` says what stands: expired and useless waivers fail, licences by list, secrets never repeated, old feeds no proof."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from support.scan import Found, NotRun, advised, allowed, secrets_in, waived

FEED = json.loads((Path(__file__).resolve().parents[3] / "support/advisories.json").read_text(encoding="utf-8"))
HIT = Found("bandit", "B108", "a.py", "a.py:1 temp")
WAIVER: dict[str, Any] = {
    "tool": "bandit",
    "rule": "B108",
    "path": "a.py",
    "owner": "o",
    "reason": "r",
    "expires": date(2027, 1, 1),
}
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_waiver_covers_its_own_finding_only_and_until_its_day() -> None:
    assert waived([HIT], [WAIVER], TODAY) == ([], [])
    assert waived([HIT], [], TODAY) == ([HIT], [])
    other = Found("bandit", "B108", "b.py", "")
    assert waived([HIT, other], [WAIVER], TODAY) == ([other], [])


@pytest.mark.parametrize(
    ("found", "change", "said"),
    [([HIT], {"expires": TODAY}, "expired"), ([], {}, "nothing needs it"), ([HIT], {"owner": ""}, "without owner")],
)
def test_a_waiver_that_ended_that_nothing_needs_or_that_nobody_owns_is_a_fault(
    found: list[Found], change: dict[str, Any], said: str
) -> None:
    assert any(said in fault for fault in waived(found, [{**WAIVER, **change}], TODAY)[1])


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_licences_by_the_list(licence: str, fits: bool) -> None:
    assert allowed(licence, {"MIT", "Apache-2.0", "ISC (ISCL)"}) is fits


def test_a_secret_is_found_with_its_line_and_never_repeated() -> None:
    key = "AKIA" + "Q" * 16
    found = list(secrets_in("a.txt", f"x\nkey = {key}\nurl = postgres://hub:" + "topsecret@db.example.cn/x\n"))
    assert [item.what for item in found] == ["a.txt:2 aws-key", "a.txt:3 url-password"]
    assert list(secrets_in("a.txt", "postgres://hub:${PASSWORD}@db.example.cn nothing AKIA")) == []


def test_the_committed_feed_finds_the_planted_version_and_only_it() -> None:
    found = list(advised(FEED, {"jinja2": "3.1.2", "httpx": "0.28.1"}, NOW))
    assert [(item.rule, item.path) for item in found] == [("EXAMPLE-2026-1", "jinja2")]
    assert list(advised(FEED, {"jinja2": "3.1.6", "httpx": "0.28.1"}, NOW)) == []


def test_an_old_feed_proves_nothing() -> None:
    with pytest.raises(NotRun):
        list(advised(FEED, {"httpx": "0.28.1"}, datetime(2027, 6, 1, tzinfo=UTC)))
