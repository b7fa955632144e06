"""Units over HTTP: reading is open to the signed-in, changing to administrators of the units concerned."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import ColumnElement, and_, exists, true
from sqlalchemy.orm import Session

from yiwang_kit import pagination
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.authorisation import require_allowed
from yiwang_kit.errors import Conflict, Invalid, NotFound
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_services.management import store, tables, units
from yiwang_services.management.content import SERVICE
from yiwang_services.management.delegation import RightScope
from yiwang_services.management.replica import Replica
from yiwang_services.management.routes.common import (
    EDIT_UNIT,
    Authority,
    Body,
    CodeText,
    Name,
    PageCursor,
    Reason,
    Run,
    UnitCode,
    Version,
    Words,
    check_version,
    cursor_id,
    known_unit,
    record,
)
from yiwang_services.management.shapes import moment, unit_json

CHINA = timezone(timedelta(hours=8))
Kind = Annotated[str, Field(pattern=r"^[a-z]{2,20}$")]
CodeQuery = Annotated[str | None, Query(max_length=12)]


class NewUnit(Body):
    name: Name
    division: CodeText
    kind: Kind
    parent: UUID
    code: UnitCode | None = None


class UnitChange(Body):
    name: Name | None = None
    code: UnitCode | None = None
    division: CodeText | None = None
    kind: Kind | None = None
    reason: Reason = ""


class UnitMove(Body):
    parent: UUID
    reason: Reason = ""


class UnitMerge(Body):
    into: UUID
    reason: Reason = ""


class UnitClosing(Body):
    reason: Reason = ""


def router(replica: Replica) -> APIRouter:
    """Return the routes of units; the tiers below learn of every change."""
    routes = APIRouter(tags=["units"])
    _reading(routes)
    _adding(routes, replica)
    _changing(routes, replica)
    _closing(routes, replica)
    return routes


def _reading(routes: APIRouter) -> None:
    @routes.get("/units")
    def listed(actor: CurrentActor, run: Run, q: Words = None, division: CodeQuery = None, under: UUID | None = None,
               closed: bool = False, cursor: PageCursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        del actor
        with run.database.transaction(SERVICE) as session:
            rows = store.units(session, wanted(under, closed), words=q, division=division, after=cursor_id(cursor),
                               limit=limit + 1)  # fmt: skip
        return pagination.page([unit_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.get("/units/tree")
    def tree(actor: CurrentActor, run: Run, on: date | None = None) -> dict[str, Any]:
        del actor
        day = datetime.combine(on, time.max, CHINA) if on else run.clock.now()
        with run.database.transaction(SERVICE) as session:
            rows = units.as_of(session, day.astimezone(UTC))
        items = [{"id": str(row.unit), "parent": str(row.parent) if row.parent else None, "name": row.name,
                  "division": row.division, "kind": row.kind, "active": row.active} for row in rows]  # fmt: skip
        return {"items": items, "next": None, "total": len(items)}

    @routes.get("/units/root")
    def root(actor: CurrentActor, run: Run) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            found = store.root_unit(session)
            if found is None:
                raise NotFound("尚未建立机构 / there is no unit yet", next="serve management:bootstrap")
            return _whole(session, found)

    @routes.get("/units/{unit_id}")
    def one(unit_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            return _whole(session, known_unit(session, unit_id))

    @routes.get("/units/{unit_id}/history")
    def history(unit_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            known_unit(session, unit_id)
            items = [_history_json(row) for row in units.history(session, unit_id)]
        return {"items": items, "next": None, "total": len(items)}

    @routes.get("/upper-units")
    def upper(actor: CurrentActor, run: Run) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            items = [{**unit_like(row), "site": row.site, "version": row.version, "received_at": moment(row.received_at)}
                     for row in store.upper_units(session)]  # fmt: skip
        return {"items": items, "next": None, "total": len(items)}


def _adding(routes: APIRouter, replica: Replica) -> None:
    @routes.post("/units", status_code=201)
    def add(body: NewUnit, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            require_allowed(session, actor, EDIT_UNIT, unit=body.parent)
            units.lock(session)
            parent = known_unit(session, body.parent)
            if not parent.active:
                raise Conflict("上级机构已停用 / the parent is closed", next="另选上级 / choose another parent")
            check_place(session, actor, parent, [body.division])
            units.require_free_code(session, body.code)
            row = units.add(session, by=actor.login, now=run.clock.now(), **body.model_dump())
            record(run, session, actor, "management.unit.add", "unit", row.id, name=body.name, parent=body.parent)
            replica.publish(session)
        return unit_json(row)


def _changing(routes: APIRouter, replica: Replica) -> None:
    @routes.patch("/units/{unit_id}")
    def change(
        unit_id: UUID, body: UnitChange, actor: CurrentActor, run: Run, version: Version = None
    ) -> dict[str, Any]:
        values = body.model_dump(exclude={"reason"}, exclude_none=True)
        if not values:
            raise Invalid(
                "没有要修改的内容 / nothing to change", errors=[{"field": "name", "expected": "新值 / a new value"}]
            )
        with run.database.transaction(SERVICE) as session:
            unit = _changeable(session, actor, unit_id, version)
            _check_change(session, actor, unit, values)
            row = units.change(session, unit.id, by=actor.login, reason=body.reason, now=run.clock.now(), **values)
            record(run, session, actor, "management.unit.change", "unit", unit.id, reason=body.reason, **values)
            replica.publish(session)
        return unit_json(row)

    @routes.post("/units/{unit_id}/move")
    def move(unit_id: UUID, body: UnitMove, actor: CurrentActor, run: Run, version: Version = None) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            unit = _changeable(session, actor, unit_id, version)
            parent = known_unit(session, body.parent)
            for place in {unit.parent or unit.id, parent.id}:
                require_allowed(session, actor, EDIT_UNIT, unit=place)
            check_place(session, actor, parent, units.divisions_below(session, unit.id))
            row = units.move(session, unit, parent, by=actor.login, reason=body.reason, now=run.clock.now())
            record(run, session, actor, "management.unit.move", "unit", unit.id, reason=body.reason, before=unit.parent,
                   after=parent.id)  # fmt: skip
            replica.publish(session)
        return unit_json(row)

    @routes.post("/units/{unit_id}/merge")
    def merge(unit_id: UUID, body: UnitMerge, actor: CurrentActor, run: Run, version: Version = None) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            unit = _changeable(session, actor, unit_id, version)
            into = known_unit(session, body.into)
            for place in {unit.parent or unit.id, into.id}:
                require_allowed(session, actor, EDIT_UNIT, unit=place)
            _refuse_widening(session, actor, unit, into)
            units.refuse_in_use(session, unit)
            moved = units.merge(session, unit, into, by=actor.login, reason=body.reason, now=run.clock.now())
            record(
                run, session, actor, "management.unit.merge", "unit", unit.id, reason=body.reason, into=into.id, **moved
            )
            replica.publish(session)
            return {**unit_json(store.unit(session, unit.id)), "into": str(into.id), **moved}


def _closing(routes: APIRouter, replica: Replica) -> None:
    @routes.post("/units/{unit_id}/close")
    def close(unit_id: UUID, actor: CurrentActor, run: Run, body: UnitClosing | None = None) -> dict[str, Any]:
        reason = body.reason if body else ""
        with run.database.transaction(SERVICE) as session:
            require_allowed(session, actor, EDIT_UNIT, unit=unit_id)
            units.lock(session)
            unit = known_unit(session, unit_id)
            if unit.parent is None:
                raise Conflict("根机构不能停用 / the topmost unit cannot be closed")
            units.refuse_in_use(session, unit)
            number = units.close(session, unit, by=actor.login, reason=reason, now=run.clock.now())
            record(run, session, actor, "management.unit.close", "unit", unit_id, reason=reason, units=number)
            replica.publish(session)
        return {"id": str(unit_id), "active": False, "units": number}

    @routes.post("/units/{unit_id}/open")
    def reopen(unit_id: UUID, actor: CurrentActor, run: Run, body: UnitClosing | None = None) -> dict[str, Any]:
        reason = body.reason if body else ""
        with run.database.transaction(SERVICE) as session:
            require_allowed(session, actor, EDIT_UNIT, unit=unit_id)
            units.lock(session)
            unit = known_unit(session, unit_id)
            parent = store.unit(session, unit.parent) if unit.parent else None
            if unit.merged_into is not None or (parent is not None and not parent.active):
                raise Conflict("已并入其他机构，或上级已停用 / it was merged into another, or its parent is closed",
                               next="先启用上级 / open the parent first")  # fmt: skip
            # Whoever opens a unit gives its posts their rights back, so they must be theirs to give.
            Authority(session, actor).require_over_posts(unit.id)
            row = units.change(session, unit.id, by=actor.login, reason=reason, now=run.clock.now(), active=True)
            record(run, session, actor, "management.unit.open", "unit", unit_id, reason=reason)
            replica.publish(session)
        return unit_json(row)


# Rules ----------------------------------------------------------------------------------------------------------------


def check_place(session: Session, actor: Actor, parent: Any, divisions: list[str]) -> None:
    """Raise unless these divisions may be served below this parent by this person's word.

    A unit of a smaller division may come to stand for it, and its administrator for the rights there. So whoever puts it
    there must be able to pass on rights over that division themselves.
    """
    authority = None
    for code in divisions:
        if store.division(session, code) is None:
            raise Invalid("区划不在本站点范围内 / the division is not kept at this site",
                          errors=[{"field": "division", "expected": "本站点区划 / a division of this site"}])  # fmt: skip
        if code == parent.division:
            continue
        authority = authority or Authority(session, actor)
        authority.require(RightScope(division=code), [])


def _changeable(session: Session, actor: Actor, unit_id: UUID, version: str | None) -> Any:
    require_allowed(session, actor, EDIT_UNIT, unit=unit_id)
    units.lock(session)
    unit = known_unit(session, unit_id)
    check_version(unit, version)
    return unit


def _check_change(session: Session, actor: Actor, unit: Any, values: dict[str, Any]) -> None:
    if "division" in values and values["division"] != unit.division:
        if unit.parent is None:
            raise Conflict("根机构的区划即站点区划 / the topmost unit's division is the site's")
        # Posts reach over their unit's division: another division is another right for each of them.
        Authority(session, actor).require(RightScope(division=values["division"]), [])
        Authority(session, actor).require_over_posts(unit.id, division=values["division"])
    units.require_free_code(session, values.get("code"), unit.id)


def _refuse_widening(session: Session, actor: Actor, unit: Any, into: Any) -> None:
    """Posts of a merged unit reach as far as the other unit does: that must be this person's to give."""
    check_place(session, actor, into, units.divisions_below(session, unit.id))
    Authority(session, actor).require_over_posts(unit.id, into=into)


def wanted(under: UUID | None, closed: bool) -> ColumnElement[bool]:
    """Return the condition of a list: below one unit, and with the closed ones or without."""
    below = tables.unit_closure
    inside = exists().where(below.c.ancestor == under, below.c.descendant == tables.unit.c.id) if under else true()
    return inside if closed else and_(tables.unit.c.active, inside)


def _whole(session: Session, unit: Any) -> dict[str, Any]:
    children = [{**unit_json(row), "has_children": row.has_children} for row in units.children(session, unit.id)]
    path = [{"id": str(row.id), "name": row.name} for row in units.path(session, unit.id)]
    return {**unit_json(unit), "path": path, "children": children, "people": units.people_in(session, unit.id)}


def unit_like(row: Any) -> dict[str, Any]:
    """Return what every kind of unit shows."""
    return {"id": str(row.id), "parent": str(row.parent) if row.parent else None, "name": row.name,
            "division": row.division, "kind": row.kind, "active": row.active}  # fmt: skip


def _history_json(row: Any) -> dict[str, Any]:
    parent = {"id": str(row.parent), "name": row.parent_name} if row.parent else None
    return {"valid_from": moment(row.valid_from), "valid_to": moment(row.valid_to), "name": row.name, "parent": parent,
            "division": row.division, "kind": row.kind, "active": row.active, "by": row.changed_by, "reason": row.reason}  # fmt: skip
