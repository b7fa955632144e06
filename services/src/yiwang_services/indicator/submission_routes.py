"""The HTTP API of submitted values and of what sites below report: owed, submitted, decided, compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from yiwang_kit import idempotency, pagination
from yiwang_kit.auth import Actor, require
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_kit.runtime import Runtime
from yiwang_services.indicator import reporting, store, submissions
from yiwang_services.indicator.computing import compute_in
from yiwang_services.indicator.metrics import Metrics
from yiwang_services.indicator.reporting import Reporting
from yiwang_services.indicator.routes import CODE, LINES, place
from yiwang_services.indicator.submissions import APPROVE, STATES, SUBMIT, Given

DIVISION = r"^[0-9]{6,12}$"
LARGEST = 1e15
Amount = Annotated[float | None, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
CodeQuery = Annotated[str | None, Query(pattern=CODE)]
DivisionQuery = Annotated[str | None, Query(pattern=DIVISION)]
Cursor = Annotated[str | None, Query(max_length=400)]
OBJECT = "submission"


class NewSubmission(BaseModel):
    """A value of one division and period: a number, or numerator and denominator of a rate. 填报。"""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=CODE)
    division: str = Field(pattern=DIVISION)
    starts: date
    value: Amount = None
    numerator: Amount = None
    denominator: Amount = None
    note: str = Field("", max_length=500, pattern=LINES)


class Decision(BaseModel):
    """Whether a submission counts from now on; a refusal says why. 审核。"""

    model_config = ConfigDict(extra="forbid")

    approve: bool
    reason: str = Field("", max_length=500, pattern=LINES)


def router(runtime: Runtime, ensure: Callable[[], None], metrics: Metrics, up: Reporting) -> APIRouter:
    """Return the routes under /v1."""
    routes = APIRouter(prefix="/v1", tags=["submissions"], dependencies=[Depends(ensure)])
    _reading(routes, runtime)
    _writing(routes, runtime)
    _deciding(routes, runtime, metrics, up)
    return routes


def _reading(routes: APIRouter, runtime: Runtime) -> None:
    @routes.get("/submissions")
    def listed(actor: Annotated[Actor, require(store.READ)], code: CodeQuery = None, division: DivisionQuery = None,
               state: Annotated[str | None, Query(pattern=f"^({'|'.join(STATES)})$")] = None,
               as_of: datetime | None = None, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        after = place(pagination.decode(cursor, 1)[0]) if cursor else None
        with runtime.database.transaction(store.SERVICE) as session:
            rows = submissions.page(session, actor, code=code, division=division, state=state, as_of=as_of, after=after,
                                    limit=limit + 1)  # fmt: skip
        return pagination.page([submissions.submission_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.get("/owed")
    def owed(actor: Annotated[Actor, require(SUBMIT)]) -> dict[str, Any]:
        with runtime.database.transaction(store.SERVICE) as session:
            found = submissions.owed(session, _own(session, actor, runtime), runtime.clock.now())
        return {"items": found}

    @routes.get("/reported")
    def reported(actor: Annotated[Actor, require(store.READ)], code: CodeQuery = None, division: DivisionQuery = None,
                 cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        after = _after(cursor) if cursor else None
        with runtime.database.transaction(store.SERVICE) as session:
            rows = reporting.comparison(session, actor, code=code, division=division, after=after, limit=limit + 1)
        shown = [reporting.comparison_json(row) for row in rows]
        return pagination.page(shown, limit, lambda row: [row["site"], row["code"], row["period"]["starts"]])


def _writing(routes: APIRouter, runtime: Runtime) -> None:
    @routes.post("/submissions", status_code=201)
    def submit(body: NewSubmission, key: idempotency.Key, actor: Annotated[Actor, require(SUBMIT)]) -> dict[str, Any]:
        given = Given(**body.model_dump())

        def work() -> dict[str, Any]:
            row = submissions.submit(session, actor, given, runtime.clock.now())
            _record(session, runtime, actor, "submit", row)
            return submissions.submission_json(row)

        with runtime.database.transaction(store.SERVICE) as session:
            asked = {"path": "submissions", "body": body.model_dump(mode="json")}
            answer, _ = idempotency.once(session, actor, key, asked, runtime.clock, work)
        return dict(answer)


def _deciding(routes: APIRouter, runtime: Runtime, metrics: Metrics, up: Reporting) -> None:
    @routes.post("/submissions/{submission}/decision")
    def decide(submission: UUID, body: Decision, actor: Annotated[Actor, require(APPROVE)]) -> dict[str, Any]:
        now = runtime.clock.now()
        with runtime.database.transaction(store.SERVICE) as session:
            store.hold(session)
            row = submissions.decide(session, actor, submission, approve=body.approve, reason=body.reason, now=now)
            _record(session, runtime, actor, "approve" if body.approve else "refuse", row)
            ran = compute_in(session, runtime.settings.site.code, now)
            up.report(session, now)
        metrics.ran(ran.data_time, ran.changed)
        return submissions.submission_json(row)


def _own(session: Session, actor: Actor, runtime: Runtime) -> list[str]:
    """Return the divisions for which a person may submit: this site's and those directly below."""
    from yiwang_kit.authorisation import allowed
    from yiwang_services.indicator.computing import OrderFacts

    divisions = OrderFacts(session, runtime.settings.site.code, ()).divisions
    return [division for division in divisions if allowed(session, actor, SUBMIT, division=division)]


def _after(cursor: str) -> tuple[str, str, date]:
    from yiwang_kit.errors import Invalid

    site, code, starts = pagination.decode(cursor, 3)
    try:
        return str(site), str(code), date.fromisoformat(str(starts))
    except ValueError as error:
        raise Invalid(
            "分页游标无效 / the cursor is not one of ours", next="去掉 cursor 重新查询 / query again without it"
        ) from error


def _record(session: Session, runtime: Runtime, actor: Actor, verb: str, row: Any) -> None:
    detail = {"division": row.division, "starts": row.starts.isoformat(), "revision": row.revision}
    runtime.audit.record(session, actor=actor.login, action=f"indicator.value.{verb}", object_type=OBJECT,
                         object_id=row.code, detail=detail)  # fmt: skip
