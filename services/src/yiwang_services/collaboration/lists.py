"""Lists of work orders: pages, counts that say when they stop, possible duplicates, and exports under the same rights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from yiwang_kit import pagination
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.authorisation import forbidden, permissions_of
from yiwang_kit.errors import Invalid
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_services.collaboration import duplicates, export, search
from yiwang_services.collaboration.search import Filter
from yiwang_services.collaboration.service import SERVICE, Orders
from yiwang_services.collaboration.settings import DESCRIPTION_LIMIT, EXPORT_ROWS, TITLE_LIMIT
from yiwang_services.collaboration.shapes import row_json
from yiwang_services.collaboration.transitions import READ, STATES

Division = Annotated[str | None, Query(pattern=r"^[0-9]{6,12}$|^$")]
Sort = Literal["created", "updated", "due"]


def asked(
    state: Annotated[str | None, Query(max_length=120)] = None,
    division: Division = None,
    unit: UUID | None = None,
    matter: Annotated[str | None, Query(max_length=400, description="codes, separated by commas")] = None,
    category: Annotated[str | None, Query(max_length=400, description="categories, separated by commas")] = None,
    channel: Annotated[str | None, Query(max_length=20)] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    q: Annotated[str | None, Query(max_length=60)] = None,
    mine: bool = False,
    todo: bool = False,
    overdue: bool = False,
    stage_overdue: bool = False,
    suspended: bool = False,
    supervised: bool = False,
    generated: bool | None = None,
) -> Filter:
    """Return the filter in an address. Raises Invalid for a state that is not in the table."""
    unknown = [word for word in (state or "").split(",") if word and word not in STATES]
    if unknown:
        raise Invalid(
            f"没有状态 {unknown[0]} / no such state", errors=[{"field": "state", "expected": ", ".join(STATES)}]
        )
    return Filter(
        state=state, division=division, unit=unit, matter=matter, category=category, channel=channel, since=since, until=until,
        words=q, mine=mine, todo=todo, overdue=overdue, stage_overdue=stage_overdue, suspended=suspended, supervised=supervised,
        generated=generated,
    )  # fmt: skip


Asked = Annotated[Filter, Depends(asked)]


def router(orders: Orders) -> APIRouter:
    """Return the routes that show many orders."""
    routes = APIRouter()

    @routes.get("/orders")
    def listed(actor: CurrentActor, wanted: Asked, sort: Sort = "created",
               cursor: Annotated[str | None, Query(max_length=400)] = None, limit: Limit = DEFAULT_LIMIT,
               count: bool = False) -> dict[str, Any]:  # fmt: skip
        after = pagination.decode(cursor, 2) if cursor else None
        return page(orders, actor, wanted, sort, after, limit, counted=count)

    @routes.get("/orders/export.{form}", response_class=Response, responses=export.DOCUMENTED)
    def exported(actor: CurrentActor, wanted: Asked, form: Literal["csv", "xlsx"], sort: Sort = "created") -> Response:
        rows, cut = everything(orders, actor, wanted, sort)
        return export.answer(form, rows, cut, orders.runtime.clock.now())

    @routes.get("/orders/duplicates")
    def alike(actor: CurrentActor, matter: Annotated[str, Query(max_length=40)],
              division: Annotated[str, Query(pattern=r"^[0-9]{6,12}$")],
              title: Annotated[str, Query(max_length=TITLE_LIMIT)],
              description: Annotated[str, Query(max_length=DESCRIPTION_LIMIT)] = "",
              address: Annotated[str, Query(max_length=200)] = "",
              lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
              lat: Annotated[float | None, Query(ge=-90, le=90)] = None) -> dict[str, Any]:  # fmt: skip
        place = (lon, lat) if lon is not None and lat is not None else None
        draft = duplicates.Draft(matter, division, title, description, address, place)
        now = orders.runtime.clock.now()
        with orders.runtime.database.transaction(SERVICE) as session:
            may_read(session, actor)
            found = duplicates.candidates(session, actor, draft, now)
        return {"items": [{**row_json(one.row, orders.site.id, now), **one.json()} for one in found]}

    return routes


def page(orders: Orders, actor: Actor, wanted: Filter, sort: str, after: Sequence[str] | None, limit: int, *,
         counted: bool) -> dict[str, Any]:  # fmt: skip
    """Return one page; the whole is counted only when asked, and never beyond the cap."""
    now, total, more = orders.runtime.clock.now(), None, False
    with orders.runtime.database.transaction(SERVICE) as session:
        may_read(session, actor)
        if wanted.words:
            search.fill(session)
        rows = search.orders(session, actor, wanted, sort=sort, after=after, limit=limit + 1, now=now)
        if counted:
            total, more = search.count(session, actor, wanted, now)
    column = search.SORTS[sort][0].key
    shown = pagination.page(rows, limit, lambda row: [getattr(row, column).isoformat(), row.id], total=total)
    items = [row_json(row, orders.site.id, now) for row in shown["items"]]
    return {**shown, "items": items, "total_capped": more}


def everything(orders: Orders, actor: Actor, wanted: Filter, sort: str) -> tuple[Sequence[Any], bool]:
    """Return the rows of an export, and whether there are more than one file takes; the trail says who took them."""
    now = orders.runtime.clock.now()
    with orders.runtime.database.transaction(SERVICE) as session:
        may_read(session, actor)
        rows = search.orders(session, actor, wanted, sort=sort, after=None, limit=EXPORT_ROWS + 1, now=now)
        detail = {"rows": min(len(rows), EXPORT_ROWS), "filter": described(wanted)}
        orders.runtime.audit.record(session, actor=actor.login, action="collaboration.order.export",
                                    object_type="work_order", object_id="-", detail=detail)  # fmt: skip
    return rows[:EXPORT_ROWS], len(rows) > EXPORT_ROWS


def described(wanted: Filter) -> dict[str, str]:
    """Return what was asked for, as the trail keeps it."""
    given = {name: value for name, value in vars(wanted).items() if value not in (None, False, "")}
    return {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in given.items()}


def may_read(session: Any, actor: Actor) -> None:
    """Raise Forbidden for somebody who may see no order anywhere."""
    if READ not in permissions_of(session, actor):
        raise forbidden(READ)
