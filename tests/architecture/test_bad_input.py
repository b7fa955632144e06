"""The page of bad input says what tries each line; a test that was renamed or removed must not stay promised there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/bad-input.md"
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
LINE = re.compile(r"^\| (?!Input|Fault|-)(.+?) \|.*\| (.*) \|$", flags=re.MULTILINE)


def known() -> set[tuple[str, str]]:
    """Return every test function as (file, name); files have distinct names over the whole tree."""
    return {
        (path.name, found)
        for path in (ROOT / "tests").rglob("test_*.py")
        for found in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }


def test_every_test_that_the_page_names_exists() -> None:
    named = set(NAMED.findall(PAGE.read_text(encoding="utf-8")))
    assert named
    assert sorted(named - known()) == []


def test_every_line_of_the_page_is_tried_by_something() -> None:
    lines = LINE.findall(re.sub(r"\|---.*", "", PAGE.read_text(encoding="utf-8")))
    assert len(lines) > 25
    assert [what for what, tried in lines if not NAMED.search(tried)] == []
