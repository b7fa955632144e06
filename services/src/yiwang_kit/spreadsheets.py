"""Rows as a file for a table program: UTF-8 that it recognises, and no text that it would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import Response

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a table program calculate or fetch instead of show (OWASP, CSV injection)."""
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "表格文件 / a table", "content": {kind: {} for kind in TYPES.values()}}
}
"""What an address that answers with a table says of it in its OpenAPI document."""


def harmless(value: object) -> str:
    """Return a cell that a table program shows as it is: what looks like a formula gets an apostrophe in front."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(FORMULA) else text


def as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as CSV with the mark that makes table programs read UTF-8."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([head, *([harmless(cell) for cell in row] for row in rows)])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as a workbook of one sheet, written row by row so that it never stands in memory whole."""
    from openpyxl import Workbook  # type: ignore[import-untyped]  # 5 MiB that an idle hub need not hold

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(list(head))
    for row in rows:
        sheet.append([harmless(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def answer(kind: str, title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return a table to be kept as a file: `kind` is csv or xlsx."""
    content = as_csv(head, rows) if kind == "csv" else as_xlsx(title, head, rows)
    name = f"attachment; filename*=UTF-8''{quote(title)}.{kind}"
    return Response(content, media_type=TYPES[kind], headers={"Content-Disposition": name})
