"""Units and people as tables: a template, an import checked before it is done, exports under the rights of the lists."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, File, Query, Response, UploadFile
from sqlalchemy import true

from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.errors import Invalid
from yiwang_services.management import store
from yiwang_services.management.content import SERVICE
from yiwang_services.management.replica import Replica
from yiwang_services.management.routes.common import EDIT_UNIT, EDIT_USER, READ_USER, Run, Words, holds, record, within
from yiwang_services.management.routes.importing import EXAMPLES, UNIT_COLUMNS, USER_COLUMNS, Import, Taken
from yiwang_services.management.routes.units import CodeQuery, wanted
from yiwang_services.management.settings import EXPORT_ROWS, IMPORT_BYTES
from yiwang_services.management.workbook import FAULTS_SHOWN, Fault, Table, harmless, read, write

What = Literal["units", "users"]
Form = Literal["csv", "xlsx"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "表格文件 / a table", "content": {kind: {} for kind in TYPES.values()}}
}
COLUMNS = {"units": UNIT_COLUMNS, "users": USER_COLUMNS}
TITLES = {"units": "机构", "users": "用户"}
NEEDED = {"units": EDIT_UNIT, "users": EDIT_USER}


class _Undone(Exception):
    pass


def router(replica: Replica) -> APIRouter:
    """Return the routes of templates, imports and exports."""
    routes = APIRouter(tags=["tables"])
    _importing(routes, replica)
    _exporting(routes)
    return routes


def _importing(routes: APIRouter, replica: Replica) -> None:
    @routes.get("/imports/{what}/template.xlsx", response_class=Response, responses={200: {"content": {XLSX: {}}}})
    def template(what: What, actor: CurrentActor) -> Response:
        del actor
        content = write(TITLES[what], [rule.heading for rule in COLUMNS[what]], EXAMPLES[what])
        return _file(content, f"{what}-template", "xlsx")

    @routes.post("/imports/{what}")
    def take_in(what: What, actor: CurrentActor, run: Run, file: Annotated[UploadFile, File(description=".xlsx")],
                mode: Literal["check", "apply"] = "check") -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, NEEDED[what])
        table = read(file.file.read(IMPORT_BYTES + 1), COLUMNS[what])
        rows = len(table.lines)
        answer = _work(run, actor, replica, what, table, keep=mode == "apply")
        said = {"mode": mode, "rows": rows, **answer, "faults": len(table.faults)}
        shown = [_fault_json(fault) for fault in sorted(table.faults, key=lambda f: (f.row, f.cell))[:FAULTS_SHOWN]]
        if table.faults and mode == "apply":
            raise Invalid(f"{len(table.faults)} 处问题，未导入任何内容 / {len(table.faults)} faults, nothing was taken in",
                          errors=shown, next="按单元格改正后重新导入 / correct the cells and import again", **said)  # fmt: skip
        return {**said, "errors": shown}


def _work(run: Run, actor: Actor, replica: Replica, what: What, table: Table, *, keep: bool) -> dict[str, Any]:
    """Do the import in one transaction, kept only where it was asked for and nothing is wrong."""
    taken = Taken()
    try:
        with run.database.transaction(SERVICE) as session:
            work = Import(run, session, actor, table)
            work.units() if what == "units" else work.users()
            taken = work.taken
            if table.faults or not keep:
                raise _Undone
            record(run, session, actor, f"management.import.{what}", "site", run.settings.site.id, added=taken.added,
                   changed=taken.changed, same=taken.same)  # fmt: skip
            if what == "units":
                replica.publish(session)
    except _Undone:
        taken.passwords.clear()
    return {"added": taken.added, "changed": taken.changed, "same": taken.same, "passwords": taken.passwords}


def _exporting(routes: APIRouter) -> None:
    @routes.get("/users/export.{form}", response_class=Response, responses=DOCUMENTED)
    def users(form: Form, actor: CurrentActor, run: Run, q: Words = None, unit: UUID | None = None) -> Response:
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, READ_USER)
            rows = store.people(
                session, within(actor, READ_USER), words=q, unit_id=unit, after=None, limit=EXPORT_ROWS + 1
            )
            record(run, session, actor, "management.user.export", "site", run.settings.site.id, rows=len(rows))
        lines = [[row.login, row.name, row.unit_name, "启用" if row.active else "停用"] for row in rows]
        return _table("users", form, ["用户名 login", "姓名 name", "机构 unit", "状态 state"], lines)

    @routes.get("/units/export.{form}", response_class=Response, responses=DOCUMENTED)
    def units(form: Form, actor: CurrentActor, run: Run, q: Words = None, division: CodeQuery = None,
              under: UUID | None = None, closed: Annotated[bool, Query()] = False) -> Response:  # fmt: skip
        del actor
        with run.database.transaction(SERVICE) as session:
            rows = store.units(
                session, wanted(under, closed), words=q, division=division, after=None, limit=EXPORT_ROWS + 1
            )
            codes = {row.id: row.code or "" for row in store.units(session, true(), words=None, division=None, after=None,
                                                                   limit=EXPORT_ROWS)}  # fmt: skip
        lines = [[row.code or "", row.name, row.division, row.kind, codes.get(row.parent, "")] for row in rows]
        return _table("units", form, [rule.heading for rule in UNIT_COLUMNS], lines)


def _table(what: str, form: Form, headings: Sequence[str], lines: Sequence[Sequence[str]]) -> Response:
    kept = lines[:EXPORT_ROWS]
    content = write(TITLES[what], headings, kept) if form == "xlsx" else _csv(headings, kept)
    return _file(content, what, form, truncated=len(lines) > EXPORT_ROWS)


def _csv(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [[harmless(value) for value in line] for line in [headings, *lines]]
    )
    return out.getvalue().encode("utf-8-sig")  # the mark makes table programs read UTF-8


def _file(content: bytes, name: str, form: Form, *, truncated: bool = False) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "Cache-Control": "no-store",
               "X-Yiwang-Truncated": "true" if truncated else "false"}  # fmt: skip
    return Response(content, media_type=TYPES[form], headers=headers)


def _fault_json(fault: Fault) -> dict[str, Any]:
    return {
        "sheet": fault.sheet,
        "cell": fault.cell,
        "row": fault.row,
        "what_zh": fault.what_zh,
        "what_en": fault.what_en,
    }
