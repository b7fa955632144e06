"""The HTTP API of indicators: rules with their versions and lineage, and values that lead back to both."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from yiwang_kit import idempotency, pagination
from yiwang_kit.auth import Actor, CurrentActor, require
from yiwang_kit.errors import Conflict, Invalid, NotFound
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_kit.runtime import Runtime
from yiwang_services.indicator import algebra, domain, store
from yiwang_services.indicator.computing import compute_in
from yiwang_services.indicator.domain import DRAFT, PUBLISHED, Definition
from yiwang_services.indicator.expression import LENGTH_LIMIT, ExpressionFault, references
from yiwang_services.indicator.metrics import Metrics
from yiwang_services.indicator.shapes import definition_json, value_json

CODE = r"^[a-z][a-z0-9_.]{0,59}$"
Code = Annotated[str, Path(pattern=CODE)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f]+$"
LINES = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
OBJECT = "indicator"


class NewDefinition(BaseModel):
    """A draft version of an indicator. 指标定义草稿。"""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60, pattern=PLAIN)
    name_en: str = Field("", max_length=120, pattern=LINES)
    formula: str = Field(min_length=1, max_length=LENGTH_LIMIT)
    caliber: str = Field(min_length=1, max_length=1000, pattern=PLAIN)
    period: str = Field(max_length=10)
    unit: str = Field(min_length=1, max_length=30)
    owner: str = Field("", max_length=60, pattern=LINES)
    source: str = Field("", max_length=200, pattern=LINES)


def router(runtime: Runtime, ensure: Callable[[], None], metrics: Metrics) -> APIRouter:
    """Return the routes under /v1."""
    routes = APIRouter(prefix="/v1", tags=["indicators"], dependencies=[Depends(ensure)])
    reading(routes, runtime)
    changing(routes, runtime, metrics)
    return routes


def reading(routes: APIRouter, runtime: Runtime) -> None:
    """Add the routes that show."""

    @routes.get("/definitions")
    def listed(actor: CurrentActor, q: Annotated[str | None, Query(max_length=60)] = None,
               cursor: Annotated[str | None, Query(max_length=400)] = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        del actor
        after = pagination.decode(cursor, 1)[0] if cursor else None
        with runtime.database.transaction(store.SERVICE) as session:
            rows = store.page(session, words=q, after=after, limit=limit + 1)
        return pagination.page([definition_json(row) for row in rows], limit, lambda row: [row["code"]])

    @routes.get("/definitions/{code}")
    def one(code: Code, actor: CurrentActor) -> dict[str, Any]:
        del actor
        with runtime.database.transaction(store.SERVICE) as session:
            rows = store.history(session, code)
            if not rows:
                raise missing(code)
            formulas = domain.trees(store.standing(session))
        shown = next((row for row in rows if row.state == PUBLISHED), rows[0])
        lineage = {
            "feeds_on": list(references(domain.read(shown).tree)),
            "feeds": algebra.fed_by(code, formulas),
        }
        return {**definition_json(shown), "versions": [definition_json(row) for row in rows], "lineage": lineage}

    @routes.get("/values")
    def values(actor: Annotated[Actor, require(store.READ)],
               code: Annotated[str | None, Query(pattern=CODE)] = None,
               division: Annotated[str | None, Query(pattern=r"^[0-9]{6,12}$")] = None,
               since: Annotated[date | None, Query(alias="from")] = None,
               until: Annotated[date | None, Query(alias="to")] = None,
               cursor: Annotated[str | None, Query(max_length=400)] = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        after = place(pagination.decode(cursor, 1)[0]) if cursor else None
        with runtime.database.transaction(store.SERVICE) as session:
            rows = store.values(session, actor, code=code, division=division, since=since, until=until, after=after,
                                limit=limit + 1)  # fmt: skip
        return pagination.page([value_json(row) for row in rows], limit, lambda row: [row["id"]])


def changing(routes: APIRouter, runtime: Runtime, metrics: Metrics) -> None:
    """Add the routes that change; a version's number in the address says which one was seen."""

    @routes.post("/definitions/{code}/versions", status_code=201)
    def draft(code: Code, body: NewDefinition, key: idempotency.Key,
              actor: Annotated[Actor, require(store.EDIT)]) -> dict[str, Any]:  # fmt: skip
        wanted = Definition(code=code, **body.model_dump())
        asked = {"path": f"definitions/{code}/versions", "body": body.model_dump()}

        def work() -> dict[str, Any]:
            checked(wanted, store.standing(session))
            number = store.add(session, wanted, origin=store.LOCAL, by=actor.login, now=runtime.clock.now())
            note(session, runtime, actor, "draft", code, number)
            return definition_json(store.version(session, code, number))

        with runtime.database.transaction(store.SERVICE) as session:
            store.hold(session)
            answer, _ = idempotency.once(session, actor, key, asked, runtime.clock, work)
        return dict(answer)

    @routes.post("/definitions/{code}/versions/{number}/publish")
    def publish(code: Code, number: Number, actor: Annotated[Actor, require(store.EDIT)]) -> dict[str, Any]:
        now = runtime.clock.now()
        with runtime.database.transaction(store.SERVICE) as session:
            store.hold(session)
            row = in_state(session, code, number, DRAFT)
            checked(domain.read(row), store.standing(session))
            store.publish(session, code, number, now)
            note(session, runtime, actor, "publish", code, number)
            ran = compute_in(session, runtime.settings.site.code, now)
            answer = definition_json(store.version(session, code, number))
        metrics.ran(ran.data_time, ran.changed)
        return answer

    @routes.post("/definitions/{code}/versions/{number}/retire")
    def retire(code: Code, number: Number, actor: Annotated[Actor, require(store.EDIT)]) -> dict[str, Any]:
        with runtime.database.transaction(store.SERVICE) as session:
            store.hold(session)
            in_state(session, code, number, PUBLISHED)
            refuse_while_used(session, code)
            store.retire(session, code, runtime.clock.now())
            note(session, runtime, actor, "retire", code, number)
            return definition_json(store.version(session, code, number))


def checked(wanted: Definition, standing: dict[str, Definition]) -> None:
    """Raise Invalid, saying at which character, unless a definition may be published beside what stands."""
    try:
        domain.check(wanted, standing)
    except ExpressionFault as fault:
        raise Invalid(str(fault), next="更正公式后再提交 / correct the formula and send it again",
                      errors=[{"field": "formula", "expected": str(fault), "at": fault.at}]) from fault  # fmt: skip


def in_state(session: Session, code: str, number: int, state: str) -> Any:
    """Return a version. Raises NotFound, and Conflict where it is in another state."""
    row = store.version(session, code, number)
    if row is None:
        raise missing(f"{code} v{number}")
    if row.state != state:
        raise Conflict(f"该版本是 {row.state}，不是 {state} / this version is {row.state}",
                       next=f"GET /api/indicator/v1/definitions/{code}")  # fmt: skip
    return row


def refuse_while_used(session: Session, code: str) -> None:
    """Raise Conflict, naming them, where published indicators stand on this one."""
    used = algebra.fed_by(code, domain.trees(store.standing(session)))
    if used:
        raise Conflict(f"被 {', '.join(used)} 引用 / published indicators stand on it",
                       next="先停用或修改引用它的指标 / retire or change those first", feeds=used)  # fmt: skip


def note(session: Session, runtime: Runtime, actor: Actor, verb: str, code: str, number: int) -> None:
    """Write a change into the trail."""
    runtime.audit.record(session, actor=actor.login, action=f"indicator.definition.{verb}", object_type=OBJECT,
                         object_id=code, detail={"version": number})  # fmt: skip


def missing(what: str) -> NotFound:
    """Return the answer for a code that nobody defined."""
    return NotFound(f"没有指标 {what} / no such indicator", next="GET /api/indicator/v1/definitions")


def place(cursor: str) -> UUID:
    """Return the id in a cursor. Raises Invalid for anything else."""
    try:
        return UUID(cursor)
    except ValueError as error:
        raise Invalid(
            "分页游标无效 / the cursor is not one of ours", next="去掉 cursor 重新查询 / query again without it"
        ) from error


def loader(runtime: Runtime) -> Callable[[], None]:
    """Return a dependency that loads the release's indicators once a process."""
    lock, done = threading.Lock(), threading.Event()

    def ensure() -> None:
        if done.is_set():
            return
        with lock, runtime.database.transaction(store.SERVICE) as session:
            store.load(session, runtime)
            done.set()

    return ensure
