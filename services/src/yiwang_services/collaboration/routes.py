"""The HTTP API of work orders."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Header, Path, Query
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from yiwang_kit import idempotency
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.errors import Invalid, NotFound
from yiwang_services.collaboration import lists, store
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.domain import phone_fault, text_fault
from yiwang_services.collaboration.service import SERVICE, Entry, Orders
from yiwang_services.collaboration.settings import DESCRIPTION_LIMIT, TITLE_LIMIT
from yiwang_services.collaboration.shapes import Shapes
from yiwang_services.collaboration.transitions import STATES

ETAG = re.compile(r'^(?:W/)?"([0-9]{1,9})"$')
CHANNELS = Literal["hotline", "counter", "web", "app", "patrol", "visit", "sensor", "other"]


def _text(value: str) -> str:
    fault = text_fault(value)
    if fault:
        raise ValueError(fault)
    return value.strip()


def _phone(value: str) -> str:
    fault = phone_fault(value.strip())
    if fault:
        raise ValueError(fault)
    return value.strip()


def _filled(value: str) -> str:
    if not value:
        raise ValueError("不能为空 / must not be empty")
    return value


Plain = Annotated[str, AfterValidator(_text)]
Code = Annotated[str, Field(pattern=r"^[0-9]{6,12}$")]


class Part(BaseModel):
    """A part of a request body; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class Reporter(Part):
    """Who reports; both may stay empty. 诉求人。"""

    name: Plain = Field("", max_length=60)
    phone: Annotated[str, AfterValidator(_phone)] = Field("", max_length=30)


class Location(Part):
    """Where it is, WGS 84 or CGCS2000 degrees. 位置。"""

    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)


class NewOrder(Part):
    """What is taken in. 登记内容。"""

    matter: str = Field(min_length=1, max_length=40)
    title: Annotated[Plain, AfterValidator(_filled)] = Field(max_length=TITLE_LIMIT)
    description: Plain = Field("", max_length=DESCRIPTION_LIMIT)
    channel: CHANNELS = "other"
    reporter: Reporter = Reporter()
    division: Code
    address: Plain = Field("", max_length=200)
    location: Location | None = None
    generated: bool = False

    def entry(self) -> Entry:
        """Return the content as the use case takes it."""
        return Entry(
            matter=self.matter, title=self.title, description=self.description, channel=self.channel,
            reporter_name=self.reporter.name, reporter_phone=self.reporter.phone, division=self.division,
            address=self.address, longitude=round(self.location.lon, 6) if self.location else None,
            latitude=round(self.location.lat, 6) if self.location else None,
            generated=self.generated,
        )  # fmt: skip


def router(orders: Orders) -> APIRouter:
    """Return the routes under /v1."""
    routes = APIRouter(prefix="/v1", tags=["orders"])
    routes.include_router(writing(orders))
    routes.include_router(lists.router(orders))
    routes.include_router(reading(orders))
    return routes


def version_seen(if_match: str | None) -> int:
    """Return the version in an If-Match header. Raises Invalid."""
    found = ETAG.match(if_match or "")
    if found is None:
        raise Invalid('缺少 If-Match 版本 / send the order\'s ETag as If-Match: "version"',
                      errors=[{"field": "If-Match", "expected": '"3"'}])  # fmt: skip
    return int(found.group(1))


def answer(order: dict[str, Any], status: int = 200) -> JSONResponse:
    """Return an order with its version as ETag."""
    return JSONResponse(order, status, {"ETag": f'"{order["version"]}"'})


def writing(orders: Orders) -> APIRouter:
    """Return the routes that change something."""
    routes = APIRouter()

    @routes.post("/orders", status_code=201)
    def register(body: NewOrder, actor: CurrentActor, key: idempotency.Key) -> JSONResponse:
        if body.generated and not orders.runtime.settings.demo:
            raise Invalid("只有演示站点可登记演示数据 / only a demonstration site takes generated orders",
                          errors=[{"field": "generated", "expected": "false"}])  # fmt: skip
        made, _ = orders.register(actor, body.entry(), key, Shapes(orders, actor).whole)
        return answer(made, 201)

    @routes.post("/orders/{order_id}/actions/{action}")
    def act(order_id: UUID, action: Annotated[str, Path(pattern="^[a-z_]{1,40}$")], actor: CurrentActor,
            key: idempotency.Key, fields: Annotated[dict[str, Any] | None, Body()] = None,
            if_match: Annotated[str | None, Header()] = None) -> JSONResponse:  # fmt: skip
        seen = version_seen(if_match)
        return answer(orders.act(actor, order_id, action, fields or {}, seen, key, Shapes(orders, actor).whole))

    return routes


def reading(orders: Orders) -> APIRouter:
    """Return the routes that only read."""
    routes = APIRouter()
    database = orders.runtime.database

    @routes.get("/orders/{order_id}")
    def one(order_id: UUID, actor: CurrentActor) -> JSONResponse:
        with database.transaction(SERVICE) as session:
            row = store.order_for(session, order_id, actor)
            if row is None:
                raise NotFound("没有此工单，或不在您的范围内 / no such order within your scope")
            return answer(Shapes(orders, actor).whole(session, row))

    @routes.get("/states")
    def states(actor: CurrentActor) -> dict[str, Any]:
        del actor
        return {"items": [{"state": s, "title_zh": zh, "title_en": en} for s, (zh, en) in STATES.items()]}

    @routes.get("/summary")
    def summary(
        actor: CurrentActor, division: Annotated[str, Query(pattern=r"^[0-9]{6,12}$|^$")] = ""
    ) -> dict[str, Any]:
        return summed(orders, actor, division or orders.site.code)

    return routes


def summed(orders: Orders, actor: Actor, code: str) -> dict[str, Any]:
    """Return the sums of a division and of each direct child, as far as this person may see."""
    now = orders.runtime.clock.now()
    midnight = calendar().midnight(calendar().today(now))
    with orders.runtime.database.transaction(SERVICE) as session:
        lists.may_read(session, actor)
        division = store.division(session, code)
        if division is None:
            raise NotFound(f"本站点没有区划 {code} / this site keeps no division {code}")
        totals = store.totals(session, actor, code, now, midnight)
        sums = store.sums_by_child(session, actor, code, now, midnight)
        children = [
            {"code": child.code, "name": child.name, **figures(sums.get(child.code))}
            for child in store.children(session, code)
        ]
    whole = {**figures(totals), "today": int(totals.today)}
    return {
        "as_of": now.isoformat(),
        "division": {"code": code, "name": division.name},
        "totals": whole,
        "children": children,
    }


def figures(row: Any) -> dict[str, int]:
    """Return the three figures of a row of sums; nothing where there are no orders."""
    return {name: int(getattr(row, name)) if row is not None else 0 for name in ("open", "overdue", "closed")}
