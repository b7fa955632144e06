"""Reading a workbook that anybody may have made: bounded before it is opened, and every fault named by its cell.

An .xlsx file is a ZIP of XML, so a small file can be a huge one: sizes and ratios are looked at before anything is
unpacked, and rows are read as a stream. Cells are taken as they were written: a formula is a fault and never calculated.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from yiwang_kit.errors import Invalid
from yiwang_services.management.settings import IMPORT_BYTES, IMPORT_ROWS

ZIP, OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
UNPACKED_LIMIT, RATIO_LIMIT, PARTS_LIMIT, SMALL_PART = 200 * 1024 * 1024, 200, 500, 1024 * 1024
COLUMNS_LIMIT, FIRST_DATA_ROW, FAULTS_SHOWN = 30, 2, 500
CHUNK = 1024 * 1024
MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z0-9:]{1,30})"')
DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a table program calculate or fetch instead of show."""


@dataclass(frozen=True)
class ColumnRule:
    """A column of an import: its key, its headings, whether it must be filled, what it looks like. 导入列。"""

    key: str
    title_zh: str
    title_en: str
    pattern: re.Pattern[str]
    expected_zh: str
    expected_en: str
    required: bool = True

    @property
    def heading(self) -> str:
        """Return the heading as the template writes it."""
        return f"{self.title_zh} {self.key}"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell. 单元格问题。"""

    sheet: str
    cell: str
    row: int
    what_zh: str
    what_en: str


@dataclass(frozen=True)
class Line:
    """One row as text by column key. 一行。"""

    row: int
    values: dict[str, str]
    cells: dict[str, str]


@dataclass
class Table:
    """What a workbook says, and what is wrong with it. 表格。"""

    sheet: str
    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, cell: str, row: int, zh: str, en: str) -> None:
        """Note what is wrong with a cell."""
        self.faults.append(Fault(self.sheet, cell, row, zh, en))

    def fault_at(self, line: Line, key: str, zh: str, en: str) -> None:
        """Note what is wrong with a line's value."""
        self.fault(line.cells.get(key, f"A{line.row}"), line.row, zh, en)


def letter(at: int) -> str:
    """Return the letters of a column, counted from 0, as a table program shows them: 0 is A, 26 is AA."""
    head, last = divmod(at, 26)
    return (letter(head - 1) if head else "") + chr(ord("A") + last)


def read(data: bytes, rules: Sequence[ColumnRule]) -> Table:
    """Return the first visible sheet's rows and every fault. Raises Invalid for what is no workbook to read at all."""
    check_file(data)
    try:
        return _read(data, rules)
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        zipfile.BadZipFile,
        SyntaxError,
    ) as error:
        # Each is what openpyxl or zipfile throw at a damaged part; SyntaxError is the base of XML's ParseError.
        raise _no_workbook("文件已损坏，无法读取", "the file is damaged") from error


def check_file(data: bytes) -> None:
    """Raise Invalid for what is too big, no workbook, or a small file that unpacks into a huge one."""
    if len(data) > IMPORT_BYTES:
        raise _no_workbook(f"文件超过 {IMPORT_BYTES // 1024 // 1024} MiB", "the file is too big")
    if data.startswith(OLD_OFFICE):
        raise _no_workbook("这是旧版 .xls 或加密的文件", "this is an old .xls file or one with a password")
    if not data.startswith(ZIP):
        raise _no_workbook("这不是 .xlsx 文件（可能是改了名的 CSV）", "not an .xlsx file, perhaps a CSV file renamed")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise _no_workbook("文件已损坏或加密，无法读取", "the file is damaged or encrypted") from error


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    whole = sum(part.file_size for part in parts)
    dense = any(part.file_size > SMALL_PART and part.file_size > RATIO_LIMIT * part.compress_size for part in parts)
    if len(parts) > PARTS_LIMIT or whole > UNPACKED_LIMIT or dense:
        raise _no_workbook("文件解压后过大", "the file unpacks into too much")
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        raise _no_workbook("这不是不含宏的 .xlsx 工作簿", "not an .xlsx workbook without macros")
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as xml:
                if DECLARATION.search(xml.read(4096)):
                    raise _no_workbook(
                        "文件含有不允许的 XML 声明", "the file holds XML declarations that are not allowed"
                    )


def _read(data: bytes, rules: Sequence[ColumnRule]) -> Table:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    try:
        sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            raise _no_workbook("没有可见的工作表", "there is no visible sheet")
        table = Table(sheet.title)
        for area in _merged(data, sheet._worksheet_path):
            first = area.partition(":")[0]
            table.fault(
                first,
                int(re.sub(r"\D", "", first) or 1),
                f"合并单元格 {area}，请取消合并",
                f"{area} is merged: split it",
            )
        _lines(sheet, rules, table)
        return table
    finally:
        book.close()


def _merged(data: bytes, part: str) -> Iterator[str]:
    """Yield the merged areas of a sheet, read as a stream with an overlap, so that none falls between two pieces."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(part.lstrip("/")) as xml:
        rest, seen = b"", set()
        while chunk := xml.read(CHUNK):
            for found in MERGED.findall(rest + chunk):
                area = found.decode("ascii")
                if area not in seen and len(seen) < FAULTS_SHOWN:
                    seen.add(area)
                    yield area
            rest = (rest + chunk)[-200:]


def _lines(sheet: Any, rules: Sequence[ColumnRule], table: Table) -> None:
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    rows = sheet.iter_rows(max_col=COLUMNS_LIMIT)
    columns = _headings(next(rows, ()), rules, table)
    if columns is None:
        return
    for number, cells in enumerate(rows, start=FIRST_DATA_ROW):
        if number > IMPORT_ROWS + 1:
            table.fault(f"A{number}", number, f"超过 {IMPORT_ROWS} 行（含空行），请分批导入",
                        f"more than {IMPORT_ROWS} rows, empty ones counted: import in parts")  # fmt: skip
            return
        if any(cell.value not in (None, "") for cell in cells):
            _line(number, cells, columns, table)


def _headings(cells: Sequence[Any], rules: Sequence[ColumnRule], table: Table) -> dict[int, ColumnRule] | None:
    names = {name: rule for rule in rules for name in (rule.heading, rule.title_zh, rule.key)}
    columns: dict[int, ColumnRule] = {}
    for at, cell in enumerate(cells):
        said = str(cell.value).strip() if cell.value is not None else ""
        if not said:
            continue
        rule, place = names.get(said), f"{letter(at)}1"
        if rule is None:
            table.fault(place, 1, f"不认识的列“{said[:30]}”", f"no such column: {said[:30]}")
        elif rule in columns.values():
            table.fault(place, 1, f"列“{rule.title_zh}”重复", f"the column {rule.key} stands twice")
        else:
            columns[at] = rule
    for rule in rules:
        if rule.required and rule not in columns.values():
            table.fault("A1", 1, f"缺少列“{rule.heading}”", f"the column {rule.key} is missing")
    return None if table.faults and not columns else columns


def _line(number: int, cells: Sequence[Any], columns: dict[int, ColumnRule], table: Table) -> None:
    line = Line(number, {}, {rule.key: f"{letter(at)}{number}" for at, rule in columns.items()})
    before = len(table.faults)
    for at, rule in columns.items():
        cell = cells[at] if at < len(cells) else None
        line.values[rule.key] = _value(cell, rule, line, table)
    if len(table.faults) == before:
        table.lines.append(line)


def _value(cell: Any, rule: ColumnRule, line: Line, table: Table) -> str:
    raw = cell.value if cell is not None else None
    if cell is not None and getattr(cell, "data_type", "s") == "f":
        table.fault_at(line, rule.key, "不能是公式，请粘贴为数值", "a formula: paste it as a value")
        return ""
    said = text_of(raw)
    if said is None:
        table.fault_at(line, rule.key, "须为文本", "must be text")
        return ""
    if not said and rule.required:
        table.fault_at(line, rule.key, f"“{rule.title_zh}”不能为空", f"{rule.key} must be filled in")
    elif said and (CONTROL.search(said) or not rule.pattern.fullmatch(said)):
        table.fault_at(line, rule.key, f"“{said[:30]}”应为{rule.expected_zh}", f"expected {rule.expected_en}")
    return said


def text_of(raw: Any) -> str | None:
    """Return a cell's value as text: 441721.0 is the code 441721; None for a date, a truth or a broken number."""
    if raw is None:
        return ""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() and abs(raw) < 10**15 else None
    return str(raw).strip()


def write(title: str, headings: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    """Return a workbook of one sheet in which nothing is a formula."""
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for line in [headings, *lines]:
        sheet.append([harmless(value) for value in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def harmless(value: str) -> str:
    """Return a text that a table program shows as it is: what looks like a formula gets an apostrophe in front."""
    return "'" + value if value.startswith(FORMULA) else value


def _no_workbook(zh: str, en: str) -> Invalid:
    return Invalid(f"{zh} / {en}", errors=[{"field": "file", "expected": f".xlsx ≤ {IMPORT_BYTES // 1024 // 1024} MiB"}],
                   next="下载模板重新填写 / fill in the template again")  # fmt: skip
