"""The HTTP API of the three lists: read, drafted, reviewed by another person, compared, checked and taken away as a table."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from yiwang_kit import idempotency, pagination, spreadsheets
from yiwang_kit.auth import Actor, require
from yiwang_kit.errors import Invalid
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_kit.runtime import Runtime
from yiwang_services.matter import findings, shelves, stages
from yiwang_services.matter.publication import Publication
from yiwang_services.matter.shelves import DIRECTORY, IMPLEMENTATIONS, ITEMS, SHELVES, STATES, Shelf

SERVICE = "matter"
READ, EDIT, REVIEW = "matter.matter.read", "matter.matter.edit", "matter.matter.review"
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9.-]{1,40}$")]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f]+$"
LINES = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
EXPORT_ROWS = 20_000
HEADS: dict[str, tuple[tuple[str, str], ...]] = {
    "directory": (("code", "编码"), ("above", "上级编码"), ("name", "名称"), ("rule", "分类规则"), ("source", "依据"),
                  ("clause", "条款"), ("sample", "样例"), ("effective_from", "生效"), ("effective_to", "失效")),
    "items": (("code", "编码"), ("above", "所属类别"), ("name", "名称"), ("department", "认领部门"), ("source", "依据"),
              ("clause", "条款"), ("sample", "样例"), ("effective_from", "生效"), ("effective_to", "失效"), ("instead", "替代事项")),
    "matters": (("code", "编码"), ("item", "所属事项"), ("name", "名称"), ("category", "类别"), ("division", "区划"),
                ("unit", "承办单位"), ("filing", "立案条件"), ("disposal", "处置要求"), ("closing", "结案条件"),
                ("limit_amount", "时限"), ("limit_unit", "时限单位"), ("source", "依据"), ("sample", "样例"),
                ("effective_from", "生效"), ("effective_to", "失效"), ("instead", "替代事项")),
}  # fmt: skip


class NewEntry(BaseModel):
    """A draft of the basic directory or of the item list. 目录草稿。"""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60, pattern=PLAIN)
    name_en: str = Field("", max_length=120, pattern=LINES)
    above: str = Field("", max_length=40, pattern=r"^[A-Za-z0-9.-]*$")
    rule: str = Field("", max_length=1000, pattern=LINES)
    department: str = Field("", max_length=60, pattern=LINES)
    source: str = Field("", max_length=200, pattern=LINES)
    clause: str = Field("", max_length=100, pattern=LINES)
    sample: bool = False
    effective_from: date
    effective_to: date | None = None
    instead: str = Field("", max_length=40, pattern=r"^[A-Za-z0-9.-]*$")


class Review(BaseModel):
    """What a reviewer says. 审核意见。"""

    model_config = ConfigDict(extra="forbid")

    publish: bool
    note: str = Field("", max_length=500, pattern=LINES)


def router(runtime: Runtime, down: Publication) -> APIRouter:
    """Return the routes of all three lists; drafts of implementations are written at their own address."""
    routes = APIRouter(tags=["catalogue"])
    for shelf in (DIRECTORY, ITEMS):
        _upper(routes, runtime, shelf)
    for shelf in SHELVES:
        _every(routes, runtime, shelf)
        _reviewing(routes, runtime, shelf, down)

    @routes.get("/findings")
    def checked(_: Annotated[Actor, require(READ)]) -> dict[str, Any]:
        with runtime.database.transaction(SERVICE) as session:
            found = findings.findings(session, runtime.clock.now().date())
        return {"items": [one.json() for one in found], "total": len(found)}

    return routes


def _upper(routes: APIRouter, runtime: Runtime, shelf: Shelf) -> None:
    @routes.get(f"/{shelf.name}")
    def listed(_: Annotated[Actor, require(READ)], q: Annotated[str | None, Query(max_length=60)] = None,
               state: Annotated[str | None, Query(pattern=f"^({'|'.join(STATES)})$")] = None, on: date | None = None,
               above: Annotated[str | None, Query(max_length=40)] = None,
               cursor: Annotated[str | None, Query(max_length=400)] = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        after = pagination.decode(cursor, 1)[0] if cursor else None
        with runtime.database.transaction(SERVICE) as session:
            rows = shelves.page(session, shelf, words=q, state=state, on=on, above=above, after=after, limit=limit + 1)
        return pagination.page([entry_json(row) for row in rows], limit, lambda row: [row["code"]])

    @routes.get(f"/{shelf.name}/{{code}}")
    def one(code: Code, _: Annotated[Actor, require(READ)]) -> dict[str, Any]:
        with runtime.database.transaction(SERVICE) as session:
            rows = shelves.history(session, shelf, code)
        shown = next((row for row in rows if row.current), rows[0])
        return {**entry_json(shown), "versions": [entry_json(row) for row in rows]}

    @routes.post(f"/{shelf.name}/{{code}}/versions", status_code=201)
    def draft(code: Code, body: NewEntry, key: idempotency.Key,
              actor: Annotated[Actor, require(EDIT, whole_site=True)]) -> dict[str, Any]:  # fmt: skip
        refuse_fault(entry_fault(code, body))

        def work() -> dict[str, Any]:
            number = shelves.draft(session, shelf, code, body.model_dump(), actor.login, runtime.clock.now())
            record(session, runtime, actor, shelf, "draft", code, number)
            return entry_json(shelves.version(session, shelf, code, number))

        asked = {"path": f"{shelf.name}/{code}/versions", "body": body.model_dump(mode="json")}
        with runtime.database.transaction(SERVICE) as session:
            found, _ = idempotency.once(session, actor, key, asked, runtime.clock, work)
        return dict(found)


def _every(routes: APIRouter, runtime: Runtime, shelf: Shelf) -> None:
    @routes.get(f"/{shelf.name}/{{code}}/difference")
    def difference(code: Code, _: Annotated[Actor, require(READ)], before: Annotated[int, Query(ge=1, le=1_000_000)],
                   after: Annotated[int, Query(ge=1, le=1_000_000)]) -> dict[str, Any]:  # fmt: skip
        with runtime.database.transaction(SERVICE) as session:
            two = [shelves.version(session, shelf, code, number) for number in (before, after)]
        return {"code": code, "before": before, "after": after, "changes": shelves.difference(shelf, *two)}

    @routes.get(f"/export/{shelf.name}", response_class=Response, responses=spreadsheets.DOCUMENTED)
    def export(actor: Annotated[Actor, require(READ)], on: date | None = None,
               form: Annotated[str, Query(alias="format", pattern="^(csv|xlsx)$")] = "xlsx") -> Response:  # fmt: skip
        with runtime.database.transaction(SERVICE) as session:
            rows = shelves.page(
                session, shelf, words=None, state=None, on=on, above=None, after=None, limit=EXPORT_ROWS
            )
            detail = {"list": shelf.name, "rows": len(rows)}
            runtime.audit.record(session, actor=actor.login, action="matter.list.export", object_type="list",
                                 object_id=shelf.name, detail=detail)  # fmt: skip
        names = [name for name, _ in HEADS[shelf.name]]
        cells = [[cell(getattr(row, name)) for name in names] for row in rows]
        return spreadsheets.answer(form, shelf.title_zh, [title for _, title in HEADS[shelf.name]], cells)


def _reviewing(routes: APIRouter, runtime: Runtime, shelf: Shelf, down: Publication) -> None:
    @routes.post(f"/{shelf.name}/{{code}}/versions/{{number}}/submit")
    def submit(code: Code, number: Number, actor: Annotated[Actor, require(EDIT, whole_site=True)]) -> dict[str, Any]:
        with runtime.database.transaction(SERVICE) as session:
            shelves.hand_in(session, shelf, code, number)
            record(session, runtime, actor, shelf, "submit", code, number)
            return any_json(shelf, shelves.version(session, shelf, code, number))

    @routes.post(f"/{shelf.name}/{{code}}/versions/{{number}}/review")
    def review(code: Code, number: Number, body: Review,
               actor: Annotated[Actor, require(REVIEW, whole_site=True)]) -> dict[str, Any]:  # fmt: skip
        with runtime.database.transaction(SERVICE) as session:
            shelves.review(session, shelf, code, number, by=actor.login, publish=body.publish, note=body.note)
            record(session, runtime, actor, shelf, "publish" if body.publish else "refuse", code, number)
            if body.publish:
                down.publish(session)
            return any_json(shelf, shelves.version(session, shelf, code, number))


def entry_fault(code: str, body: NewEntry) -> tuple[str, str] | None:
    """Return the field that is wrong and what is expected there, or None."""
    if not body.source and not body.sample:
        return "source", "注明依据，或标为样例 / a source document, or marked as a sample"
    if body.effective_to is not None and body.effective_to < body.effective_from:
        return "effective_to", "不早于生效日期 / not before it begins"
    if body.instead and (body.effective_to is None or body.instead == code):
        return "instead", "另一个编码，并填写失效日期 / another code, with the day on which this one ends"
    return ("above", "另一个编码 / another code") if body.above == code else None


def refuse_fault(fault: tuple[str, str] | None) -> None:
    """Raise Invalid for a fault."""
    if fault is not None:
        raise Invalid("目录内容有误 / the entry is not valid", errors=[{"field": fault[0], "expected": fault[1]}])


def entry_json(row: Any) -> dict[str, Any]:
    """Return a version of the two upper lists as the API shows it."""
    words = ("code", "version", "current", "state", "origin", "name", "name_en", "above", "rule", "department", "source",
             "clause", "sample", "instead", "created_by", "reviewed_by", "note")  # fmt: skip
    days = {name: shelves.shown(getattr(row, name)) for name in ("effective_from", "effective_to")}
    return {**{name: getattr(row, name) for name in words}, **days, "created_at": row.created_at.isoformat()}


def any_json(shelf: Shelf, row: Any) -> dict[str, Any]:
    """Return a version of any list in short: what it is and how far it has come."""
    if shelf is not IMPLEMENTATIONS:
        return entry_json(row)
    words = ("code", "version", "current", "state", "origin", "name", "created_by", "reviewed_by", "note")
    return {**{name: getattr(row, name) for name in words}, "stages": stages.shown(row.stages)}


def cell(value: Any) -> Any:
    """Return a column as people read it in a table."""
    return "是" if value is True else "" if value in (False, None) else shelves.shown(value)


def record(session: Session, runtime: Runtime, actor: Actor, shelf: Shelf, verb: str, code: str, number: int) -> None:
    """Write what was done with a version into the trail."""
    runtime.audit.record(session, actor=actor.login, action=f"matter.{shelf.name}.{verb}", object_type=shelf.name,
                         object_id=code, detail={"version": number})  # fmt: skip
