"""The HTTP API of the catalogue."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from yiwang_kit import pagination
from yiwang_kit.auth import Actor, CurrentActor, require
from yiwang_kit.errors import Invalid, NotFound
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_kit.runtime import Runtime
from yiwang_services.matter import shelf_routes, shelves, stages, store
from yiwang_services.matter.domain import Matter, fault_of
from yiwang_services.matter.publication import Publication
from yiwang_services.matter.shelf_routes import EDIT, LINES, PLAIN, Code
from yiwang_services.matter.shelves import IMPLEMENTATIONS, STATES

ItemQuery = Annotated[str | None, Query(max_length=40)]
CODE_OR_NONE = r"^[A-Za-z0-9.-]*$"


class StageBody(BaseModel):
    """The limit of one stage. 环节时限。"""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=20)
    amount: int = Field(ge=1, le=1000)
    unit: str = Field(max_length=20)


class EvidenceBody(BaseModel):
    """What disposal must show. 办理佐证。"""

    model_config = ConfigDict(extra="forbid")

    photos: int = Field(0, ge=0, le=20)
    position: bool = False


class NewVersion(BaseModel):
    """A draft of a matter's next version. 实施清单草稿。"""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60, pattern=PLAIN)
    name_en: str = Field("", max_length=120)
    category: str = Field(min_length=1, max_length=40, pattern=PLAIN)
    unit_hint: str = Field("", max_length=20)
    conditions: str = Field("", max_length=1000)
    limit_kind: str
    limit_amount: int = Field(ge=1, le=1000)
    limit_unit: str
    effective_from: date
    effective_to: date | None = None
    source: str = Field("", max_length=200)
    sample: bool = False
    stages: list[StageBody] = Field(default_factory=list, max_length=6)
    evidence: EvidenceBody = Field(default_factory=EvidenceBody)
    instead: str = Field("", max_length=40, pattern=CODE_OR_NONE)
    item: str = Field("", max_length=40, pattern=CODE_OR_NONE)
    division: str = Field("", max_length=12, pattern=r"^[0-9]{0,12}$")
    unit: str = Field("", max_length=60, pattern=LINES)
    filing: str = Field("", max_length=1000, pattern=LINES)
    disposal: str = Field("", max_length=1000, pattern=LINES)
    closing: str = Field("", max_length=1000, pattern=LINES)
    form: str = Field("", max_length=8000, pattern=LINES)

    def matter(self, code: str) -> Matter:
        """Return what was written as a matter of this code."""
        plain = self.model_dump(exclude={"stages", "evidence"})
        return Matter(
            code=code, **plain, stages=stages.parsed(stage.model_dump() for stage in self.stages),
            photos_demanded=self.evidence.photos, position_demanded=self.evidence.position,
        )  # fmt: skip


def router(runtime: Runtime, down: Publication) -> APIRouter:
    """Return the routes under /v1."""
    routes = APIRouter(prefix="/v1", tags=["matters"], dependencies=[Depends(loader(runtime))])

    @routes.get("/matters")
    def listed(actor: CurrentActor, request: Request, q: Annotated[str | None, Query(max_length=60)] = None,
               state: Annotated[str | None, Query(pattern=f"^({'|'.join(STATES)})$")] = None, item: ItemQuery = None,
               on: date | None = None, cursor: Annotated[str | None, Query(max_length=400)] = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        del actor, request
        after = pagination.decode(cursor, 1)[0] if cursor else None
        with runtime.database.transaction(store.SERVICE) as session:
            rows = shelves.page(session, IMPLEMENTATIONS, words=q, state=state, on=on, above=item, after=after,
                                limit=limit + 1)  # fmt: skip
        return pagination.page([shape(row) for row in rows], limit, lambda row: [row["code"]])

    @routes.get("/matters/{code}")
    def one(code: Code, actor: CurrentActor) -> dict[str, Any]:
        del actor
        with runtime.database.transaction(store.SERVICE) as session:
            rows = store.history(session, code)
        if not rows:
            raise NotFound(f"没有事项 {code} / no matter {code}")
        shown = next((row for row in rows if row.current), rows[0])
        return {**shape(shown), "versions": [{**shape(row), "current": row.current} for row in rows]}

    @routes.post("/matters/{code}/versions", status_code=201)
    def draft(code: Code, body: NewVersion, actor: Annotated[Actor, require(EDIT, whole_site=True)]) -> dict[str, Any]:
        matter = body.matter(code)
        fault = fault_of(matter)
        if fault:
            raise Invalid(fault)
        with runtime.database.transaction(store.SERVICE) as session:
            number = shelves.draft(session, IMPLEMENTATIONS, code, matter.row(), actor.login, runtime.clock.now())
            shelf_routes.record(session, runtime, actor, IMPLEMENTATIONS, "draft", code, number)
            return shape(shelves.version(session, IMPLEMENTATIONS, code, number))

    routes.include_router(shelf_routes.router(runtime, down))
    return routes


def loader(runtime: Runtime) -> Callable[[], None]:
    """Return a dependency that loads the release's matters once a process."""
    lock, done = threading.Lock(), threading.Event()

    def ensure() -> None:
        if done.is_set():
            return
        with lock, runtime.database.transaction(store.SERVICE) as session:
            store.load(session, runtime)
            done.set()

    return ensure


def shape(row: Any) -> dict[str, Any]:
    """Return a matter as the API shows it."""
    return {
        "code": row.code, "name": row.name, "name_en": row.name_en, "category": row.category,
        "unit_hint": row.unit_hint, "conditions": row.conditions,
        "limit": {"kind": row.limit_kind, "amount": row.limit_amount, "unit": row.limit_unit},
        "effective_from": row.effective_from.isoformat(),
        "effective_to": row.effective_to.isoformat() if row.effective_to else None,
        "source": row.source, "sample": row.sample, "version": row.version, "origin": row.origin,
        "stages": stages.shown(row.stages),
        "evidence": {"photos": row.photos_demanded, "position": row.position_demanded},
        "state": row.state, "created_by": row.created_by, "reviewed_by": row.reviewed_by, "note": row.note,
        "instead": row.instead, "item": row.item, "division": row.division, "unit": row.unit, "filing": row.filing,
        "disposal": row.disposal, "closing": row.closing, "form": json.loads(row.form) if row.form else None,
    }  # fmt: skip
