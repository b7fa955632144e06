"""Pairs of characters, likeness of orders, and what an export never holds: without a database."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_services.collaboration import bigrams, duplicates, export
from yiwang_services.collaboration.domain import metres, moment, position

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TEXT = st.text(st.sampled_from("路灯井盖 aB１1ﬁ\n𠮷%_\\'"), max_size=30)


@given(TEXT, TEXT)
def test_whatever_a_text_holds_is_found_by_its_terms(before: str, words: str) -> None:
    text = bigrams.searchable(f"{before}{words}路")
    if bigrams.folded(words) in text:
        assert set(bigrams.wanted(words)) <= set(bigrams.terms(text))


@given(TEXT, TEXT)
def test_two_characters_are_found_by_the_index_alone_exactly_where_they_stand(text: str, words: str) -> None:
    pair, said = bigrams.folded(words)[:2], bigrams.searchable(text)
    if len(pair) == 2 and bigrams.folded(pair) == pair:
        assert (set(bigrams.wanted(pair)) <= set(bigrams.terms(said))) == (pair in said)


def test_width_and_capitals_do_not_matter_and_fields_do_not_run_together() -> None:
    assert bigrams.folded("ＡＢ１２ 路灯") == "ab12 路灯"
    assert "灯人" not in bigrams.terms(bigrams.searchable("路灯", "人民路"))
    assert bigrams.wanted("   ") == []
    assert bigrams.wanted("灯") == ["灯"]


@dataclass(frozen=True)
class Row:
    """An order as far as likeness and export read it."""

    title: str = "路灯不亮"
    address: str = "滨海大道12号"
    description: str = ""
    longitude: float | None = 111.61
    latitude: float | None = 21.75
    created_at: datetime = NOW - timedelta(hours=2)
    number: str = "441721-20261123-1-0001"
    matter: str = "S002"
    matter_name: str = "路灯"
    state: str = "registered"
    division: str = "441721100"
    division_name: str = "织篢镇"
    unit_name: str = ""
    channel: str = "hotline"
    due_at: datetime = NOW
    closed_at: datetime | None = None
    generated: bool = False


def like(row: Row, title: str = "路灯不亮了", address: str = "", place: tuple[float, float] | None = None) -> float:
    """How alike an order is to what is being taken in."""
    draft = duplicates.Draft("S002", "441721100", title, "", address, place)
    found = duplicates.likeness(draft, draft.terms(), row, NOW)
    return found.score if found else 0.0


def test_the_nearer_and_the_more_alike_the_higher() -> None:
    here, near, far = (111.61, 21.75), (111.611, 21.75), (111.62, 21.75)
    assert like(Row(), place=here) > like(Row(), place=near) > like(Row(), place=far) == 0.0
    assert like(Row(), place=here) > like(Row(), title="井盖缺失", place=here)
    assert like(Row(), address="滨海大道12号") > like(Row(longitude=None, latitude=None))


def test_distance_along_the_ground() -> None:
    assert metres((0, 0), (0, 0)) == 0
    assert metres((0.0, 0.0), (1.0, 0.0)) == pytest.approx(111_195, rel=1e-3)
    assert metres((113.26, 23.13), (114.06, 22.55)) == pytest.approx(104_500, rel=1e-2)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_an_export_begins_as_a_formula(text: str) -> None:
    row = Row(title=text)
    found = list(csv.reader(io.StringIO(export.as_csv([row], NOW).decode("utf-8-sig"), newline="")))
    assert found[1][1] == "'" + text
    assert all(not cell.startswith(export.FORMULA) for cell in found[1])
    assert len(found[1]) == len(export.HEAD)


def test_times_in_an_export_are_those_of_the_place() -> None:
    assert export.shown(NOW) == "2026-11-23 10:00"
    assert export.cells(Row(due_at=NOW - timedelta(days=1)), NOW)[12] == "是"


@pytest.mark.parametrize("value", ["111.61,21.75", "-0.5,0", "180,-90"])
def test_a_position_is_degrees(value: str) -> None:
    assert position(value) is not None


@pytest.mark.parametrize("value", ["", "181,0", "0,91", "1e2,3", "nan,1", "1;2", "东经111,北纬21", "1,2,3"])
def test_what_is_no_position_is_none(value: str) -> None:
    assert position(value) is None


@pytest.mark.parametrize(("value", "good"), [
    ("2026-12-01T17:30:00+08:00", True), ("2026-12-01T17:30:00Z", True), ("2026-12-01T17:30:00", False), ("tomorrow", False),
    ("0001-01-01T00:00:00Z", False), ("9999-12-31T23:59:59-12:00", False),
])  # fmt: skip
def test_a_moment_has_a_zone_and_a_sensible_year(value: str, good: bool) -> None:
    assert (moment(value) is not None) == good
