"""Orders as a file for a table program: no personal data, and no text that such a program would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from fastapi import Response

from yiwang_services.collaboration.transitions import CLOSED, STATES

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a table program calculate or fetch instead of show."""
ZONE = timezone(timedelta(hours=8))
HEAD = (
    "编号",
    "标题",
    "事项编码",
    "事项",
    "状态",
    "区划代码",
    "区划",
    "承办单位",
    "渠道",
    "登记时间",
    "时限",
    "结案时间",
    "超期",
    "演示数据",
)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "表格文件 / a table", "content": {kind: {} for kind in TYPES.values()}}
}
"""What the address answers with, for its OpenAPI document."""


def harmless(value: str) -> str:
    """Return a text that a table program shows as it is: what looks like a formula gets an apostrophe in front."""
    return "'" + value if value.startswith(FORMULA) else value


def cells(row: Any, now: datetime) -> list[str]:
    """Return one order as cells, all of them text."""
    overdue = (row.closed_at or now) > row.due_at
    said = [row.number, row.title, row.matter, row.matter_name, STATES.get(row.state, (row.state,))[0], row.division,
            row.division_name, row.unit_name, row.channel, shown(row.created_at), shown(row.due_at),
            shown(row.closed_at) if row.state == CLOSED else "", "是" if overdue else "否",
            "是" if row.generated else ""]  # fmt: skip
    return [harmless(value) for value in said]


def shown(at: datetime | None) -> str:
    """Return a moment as people here write it."""
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if at else ""


def as_csv(rows: Sequence[Any], now: datetime) -> bytes:
    """Return the rows as CSV with the mark that makes table programs read UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([HEAD, *(cells(row, now) for row in rows)])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Sequence[Any], now: datetime) -> bytes:
    """Return the rows as a workbook of one sheet, written row by row so that it never stands in memory whole."""
    from openpyxl import Workbook  # type: ignore[import-untyped]  # 5 MiB that an idle hub need not hold

    book = Workbook(write_only=True)
    sheet = book.create_sheet("工单")
    for line in [list(HEAD), *(cells(row, now) for row in rows)]:
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def answer(form: str, rows: Sequence[Any], cut: bool, now: datetime) -> Response:
    """Return the file; a header says when there was more than one file takes."""
    content = as_csv(rows, now) if form == "csv" else as_xlsx(rows, now)
    headers = {
        "Content-Disposition": f'attachment; filename="work-orders-{now:%Y%m%d}.{form}"',
        "X-Yiwang-Truncated": "true" if cut else "false",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=TYPES[form], headers=headers)
