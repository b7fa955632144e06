"""The HTTP API of the catalogue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from yiwang_kit import pagination
from yiwang_kit.auth import Actor, CurrentActor, require
from yiwang_kit.errors import Invalid, NotFound
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_kit.runtime import Runtime
from yiwang_services.matter import stages, store
from yiwang_services.matter.domain import Matter, fault_of

EDIT = "matter.matter.edit"
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9.-]{1,40}$")]
PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f]+$"


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
    """A local version of a matter. 本地版本。"""

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

    def matter(self, code: str) -> Matter:
        """Return what was written as a matter of this code."""
        plain = self.model_dump(exclude={"stages", "evidence"})
        return Matter(
            code=code, **plain, stages=stages.parsed(stage.model_dump() for stage in self.stages),
            photos_demanded=self.evidence.photos, position_demanded=self.evidence.position,
        )  # fmt: skip


def router(runtime: Runtime) -> APIRouter:
    """Return the routes under /v1."""
    routes = APIRouter(prefix="/v1", tags=["matters"], dependencies=[Depends(loader(runtime))])

    @routes.get("/matters")
    def listed(actor: CurrentActor, request: Request, q: Annotated[str | None, Query(max_length=60)] = None,
               on: date | None = None, cursor: Annotated[str | None, Query(max_length=400)] = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        del actor, request
        after = pagination.decode(cursor, 1)[0] if cursor else None
        with runtime.database.transaction(store.SERVICE) as session:
            rows = store.matters(session, words=q, on=on, after=after, limit=limit + 1)
        return pagination.page([shape(row) for row in rows], limit, lambda row: [row["code"]])

    @routes.get("/matters/{code}")
    def one(code: Code, actor: CurrentActor) -> dict[str, Any]:
        del actor
        with runtime.database.transaction(store.SERVICE) as session:
            rows = store.history(session, code)
        if not rows:
            raise NotFound(f"没有事项 {code} / no matter {code}")
        shown = next(row for row in rows if row.current)
        return {**shape(shown), "versions": [{**shape(row), "current": row.current} for row in rows]}

    @routes.post("/matters/{code}/versions", status_code=201)
    def add(code: Code, body: NewVersion, actor: Annotated[Actor, require(EDIT, whole_site=True)]) -> dict[str, Any]:
        matter = body.matter(code)
        fault = fault_of(matter)
        if fault:
            raise Invalid(fault)
        with runtime.database.transaction(store.SERVICE) as session:
            number = store.add(session, matter, origin=store.LOCAL, by=actor.login, now=runtime.clock.now())
            answer = shape(store.current(session, code))
            runtime.audit.record(session, actor=actor.login, action="matter.version.add", object_type="matter",
                                 object_id=code, detail={"version": number})  # fmt: skip
        return answer

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
    }  # fmt: skip
