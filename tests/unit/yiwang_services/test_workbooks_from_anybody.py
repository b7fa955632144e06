"""Workbooks as people and as attackers make them: every fault is named by its cell, and nothing is unpacked on trust."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from yiwang_kit.errors import Invalid
from yiwang_services.management import workbook
from yiwang_services.management.routes.importing import EXAMPLES, UNIT_COLUMNS, USER_COLUMNS
from yiwang_services.management.settings import IMPORT_ROWS

HEAD = ["机构编码", "机构名称", "区划代码", "机构类型", "上级机构编码"]
GOOD = ["A-1", "一中队", "441721", "team", ""]
ROW = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%x</t></is></c></row>'


def made(*rows: list[Any], change: Callable[[Any], None] | None = None) -> bytes:
    """A workbook of these rows."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The same workbook with one part put in its place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, content if part.filename == name else old.read(part))
    return out.getvalue()


def sheet_of(rows: bytes) -> bytes:
    """A sheet's XML around these rows."""
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (space, rows)


def cells(data: bytes) -> list[str]:
    """The cells at which something is wrong."""
    return [fault.cell for fault in workbook.read(data, UNIT_COLUMNS).faults]


def test_a_right_workbook_is_read_as_text_whatever_the_cells_hold() -> None:
    table = workbook.read(made(HEAD, ["A-1", " 一中队 ", 441721, "team", None], [], ["A-2", "二中队", 441721.0, "team", "A-1"]),
                          UNIT_COLUMNS)  # fmt: skip
    assert table.faults == []
    assert [line.row for line in table.lines] == [2, 4]
    assert table.lines[0].values == {
        "code": "A-1",
        "name": "一中队",
        "division": "441721",
        "kind": "team",
        "parent": "",
    }
    assert table.lines[1].values["division"] == "441721"


@pytest.mark.parametrize(("what", "rules"), [("units", UNIT_COLUMNS), ("users", USER_COLUMNS)])
def test_the_template_reads_without_a_fault(what: str, rules: Any) -> None:
    data = workbook.write("模板", [rule.heading for rule in rules], EXAMPLES[what])
    table = workbook.read(data, rules)
    assert (table.faults, len(table.lines)) == ([], 1)


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, "=1+1"), (1, "=HYPERLINK(\"x\")"), (2, "44-17"), (2, 3.5), (1, date(2026, 1, 1)), (3, True), (1, ""), (0, "汉字"),
     (1, "换\n行"), (1, "长" * 61)],
)  # fmt: skip
def test_a_wrong_cell_is_named(at: int, value: Any) -> None:
    row = [*GOOD]
    row[at] = value
    assert cells(made(HEAD, GOOD, row)) == [f"{'ABCDE'[at]}3"]


def test_merged_cells_are_named() -> None:
    assert cells(made(HEAD, GOOD, GOOD, change=lambda book: book.active.merge_cells("B2:C3")))[0] == "B2"


def test_headings_must_be_there_once_and_be_known() -> None:
    assert cells(made(["机构编码", "机构编码", "颜色"], ["a", "b", "c"])) == ["B1", "C1", "A1", "A1", "A1"]
    assert cells(made([1, 2, 3])) == ["A1", "B1", "C1", *["A1"] * 4]


def test_a_hidden_sheet_is_not_read() -> None:
    def hide(book: Any) -> None:
        book.active.sheet_state = "hidden"
        shown = book.create_sheet("可见")
        shown.append(HEAD)
        shown.append(["B-1", *GOOD[1:]])

    table = workbook.read(made(HEAD, GOOD, change=hide), UNIT_COLUMNS)
    assert (table.sheet, [line.values["code"] for line in table.lines]) == ("可见", ["B-1"])


def test_a_sheet_of_too_many_rows_says_where_it_was_left() -> None:
    dice, head = random.Random(1), b'<row r="1"><c r="A1" t="inlineStr"><is><t>code</t></is></c></row>'
    full = b"".join(ROW % (n, n, dice.randrange(2**64)) for n in range(2, IMPORT_ROWS + 9))
    for rows in (full, ROW % (1_048_576, 1_048_576, 7)):
        data = with_part(made(HEAD), "xl/worksheets/sheet1.xml", sheet_of(head + rows))
        assert f"A{IMPORT_ROWS + 2}" in cells(data)


def test_a_million_rows_in_a_small_file_are_refused_unread() -> None:
    rows = b"<row><c t='inlineStr'><is><t>x</t></is></c></row>" * 1_000_000
    with pytest.raises(Invalid, match="解压后过大"):
        workbook.read(with_part(made(HEAD), "xl/worksheets/sheet1.xml", sheet_of(rows)), UNIT_COLUMNS)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("机构编码,机构名称\n1,甲".encode("gbk"), "CSV"), (b"", "CSV"), (b"\xd0\xcf\x11\xe0" + b"0" * 600, ".xls"),
        (b"PK\x03\x04 and nothing behind", "损坏"), (b"x" * (10 * 1024 * 1024 + 1), "超过"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_refused_with_what_it_seems_to_be(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        workbook.read(data, UNIT_COLUMNS)


def test_half_a_workbook_one_with_entities_and_one_with_broken_parts_are_refused() -> None:
    whole = made(HEAD, GOOD)
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + sheet_of(b"")
    for data in (whole[: len(whole) // 2], with_part(whole, "xl/worksheets/sheet1.xml", bomb),
                 with_part(whole, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>"),
                 with_part(whole, "xl/workbook.xml", b"<nothing/>")):  # fmt: skip
        with pytest.raises(Invalid):
            workbook.read(data, UNIT_COLUMNS)


@pytest.mark.parametrize("said", ["=1+1", "+86", "-1", "@SUM", "\tx", "\rx"])
def test_nothing_that_is_written_out_is_a_formula(said: str) -> None:
    assert workbook.harmless(said) == "'" + said
    assert workbook.harmless("一中队=甲") == "一中队=甲"
