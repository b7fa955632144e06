"""The routes of GeoReport v2 (discovery, services, requests, tokens), in JSON and XML, for anybody."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request, Response

from yiwang_kit.app import service_app
from yiwang_kit.errors import Forbidden, Invalid, NotFound, Problem, TooMany
from yiwang_kit.ids import uuid7
from yiwang_kit.rates import Buckets
from yiwang_services.collaboration import store
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.open311 import reports
from yiwang_services.collaboration.open311.forms import refused, written
from yiwang_services.collaboration.service import OBJECT, SERVICE, Orders
from yiwang_services.collaboration.settings import PUBLIC_BURST, PUBLIC_KEYS_FILE, PUBLIC_PER_MINUTE

Form = Literal["json", "xml"]
FIELDS_MOST = 60
WHO, LOGIN = "公众（公众入口）", "public-door"
CHANGESET = "2026-11-23T00:00:00Z"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
PLACE = "所在镇街（可选） / town (optional)"

BOTH: dict[str, dict[str, Any]] = {"application/json": {}, "application/xml": {}}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "GeoReport v2", "content": BOTH},
    400: {"description": "参数有误 / a parameter is wrong", "content": BOTH},
    403: {"description": "api_key 无效 / no valid api_key", "content": BOTH},
    404: {"description": "未找到 / not found", "content": BOTH},
    429: {"description": "过于频繁 / too often", "content": BOTH},
}
"""The answers of this door, for its OpenAPI document: errors are GeoReport's, not RFC 9457."""


async def fields(request: Request) -> dict[str, str]:
    """Return the text fields of a form; files are not taken at this door."""
    async with request.form(max_fields=FIELDS_MOST, max_files=0) as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}


Fields = Annotated[dict[str, str], Depends(fields)]


class Door:
    """GeoReport v2 over the orders of one site. 公众入口。"""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._runtime = orders.runtime
        self._site = orders.site
        self._callers = Buckets(PUBLIC_PER_MINUTE / 60.0, PUBLIC_BURST)

    def discovery(self) -> dict[str, Any]:
        """Return where what is offered, as the discovery document says it."""
        address = f"{self._runtime.settings.public_url}/open311/v2"
        kind = "test" if self._runtime.settings.demo else "production"
        return {
            "changeset": CHANGESET, "contact": self._site.name, "key_service": "",
            "endpoints": [{"specification": SPECIFICATION, "url": address, "changeset": CHANGESET, "type": kind,
                           "formats": ["text/xml", "application/json"]}],
        }  # fmt: skip

    def services(self) -> list[dict[str, Any]]:
        """Return the matters that may be reported today."""
        with self._runtime.database.transaction(SERVICE) as session:
            rows = reports.in_effect(session, calendar().today(self._runtime.clock.now()))
        return [
            {"service_code": row.code, "service_name": row.name, "description": row.name, "metadata": True,
             "type": "realtime", "keywords": row.category, "group": row.category}
            for row in rows
        ]  # fmt: skip

    def definition(self, code: str) -> dict[str, Any]:
        """Return what else may be said with a report. Raises NotFound."""
        if code not in {service["service_code"] for service in self.services()}:
            raise NotFound(f"没有事项 {code[:40]} / no such service_code")
        with self._runtime.database.transaction(SERVICE) as session:
            towns = [{"key": row.code, "name": row.name} for row in store.children(session, self._site.code)]
        attribute = {"variable": True, "code": "division", "datatype": "singlevaluelist", "required": False,
                     "datatype_description": "", "order": 1, "description": PLACE, "values": towns}  # fmt: skip
        return {"service_code": code, "attributes": [attribute]}

    def report(self, form: dict[str, str], address: str) -> list[dict[str, Any]]:
        """Take a report in as an order. Raises Invalid, Forbidden, TooMany."""
        self._limit(address)
        self._check_key(form.get("api_key") or "")
        entry, order_id = reports.entry(form, self._site.code), uuid7()
        with self._runtime.database.transaction(SERVICE) as session:
            division = self._orders.division(session, entry.division)
            self._orders.take_in(session, entry, division, order_id, by=None, teller=WHO)
            row = store.order(session, order_id)
            self._runtime.audit.record(session, actor=LOGIN, action="collaboration.order.register", object_type=OBJECT,
                                       object_id=str(order_id), detail={"number": row.number})  # fmt: skip
        self._orders.count_intake(entry.channel)
        return [{"service_request_id": row.number, "service_notice": reports.NOTICE, "account_id": None}]

    def check_place(self, request: Request, form: dict[str, str] | None = None) -> None:
        """Raise NotFound where another jurisdiction is asked for."""
        wanted = request.query_params.get("jurisdiction_id") or (form or {}).get("jurisdiction_id") or ""
        if wanted and wanted not in (self._site.id, self._site.code):
            raise NotFound(f"jurisdiction_id 应为 {self._site.code} / this is {self._site.code}")

    def _limit(self, address: str) -> None:
        wait = self._callers.wait(address, time.monotonic())
        if wait:
            raise TooMany(f"上报过于频繁，请 {wait:.0f} 秒后再试 / too many reports", retry_after=int(wait) + 1)

    def _check_key(self, given: str) -> None:
        """Raise Forbidden where this site gives out keys and this is none of them."""
        file = self._runtime.settings.secrets_dir / PUBLIC_KEYS_FILE
        if not file.is_file():
            return
        keys = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        if not any(hmac.compare_digest(key.encode(), given.encode("utf-8", "replace")) for key in keys):
            raise Forbidden("api_key 无效，请向本站点申请 / the api_key is not one of ours, ask this site for one")

    def token(self, token: str) -> list[dict[str, Any]]:
        """Return the id behind a token."""
        with self._runtime.database.transaction(SERVICE) as session:
            return [{"service_request_id": reports.by_token(session, token).number, "token": token}]

    def requests(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return the reports asked for."""
        wanted = reports.asked(query, self._runtime.clock.now())
        with self._runtime.database.transaction(SERVICE) as session:
            return [reports.shown(row) for row in reports.listed(session, wanted)]

    def request(self, number: str) -> list[dict[str, Any]]:
        """Return one report."""
        with self._runtime.database.transaction(SERVICE) as session:
            return [reports.shown(reports.one(session, number))]


def said(form: str, root: str, work: Callable[[], Any], status: int = 200) -> Response:
    """Return what was asked for, or why not, both as GeoReport v2 writes them."""
    try:
        return written(form, root, work(), status)
    except Problem as problem:
        # GeoReport v2 knows 400 for every fault of the caller's parameters.
        code = 400 if problem.status == Invalid.status else problem.status
        answer = refused(form, code, problem.detail or problem.title_zh)
        if "retry_after" in problem.extra:
            answer.headers["Retry-After"] = str(problem.extra["retry_after"])
        return answer


def create(orders: Orders) -> FastAPI:
    """Return the app that stands at /open311."""
    app, door = service_app("open311", orders.runtime, title_zh="公众入口"), Door(orders)
    app.router.responses = DOCUMENTED

    def here(request: Request, work: Callable[[], Any], form: dict[str, str] | None = None) -> Callable[[], Any]:
        def checked() -> Any:
            door.check_place(request, form)
            return work()

        return checked

    @app.get("/v2/discovery.{form}")
    def discovery(form: Form) -> Response:
        return said(form, "discovery", door.discovery)

    @app.get("/v2/services.{form}")
    def services(form: Form, request: Request) -> Response:
        return said(form, "services", here(request, door.services))

    @app.get("/v2/services/{code}.{form}")
    def definition(code: str, form: Form, request: Request) -> Response:
        return said(form, "service_definition", here(request, lambda: door.definition(code)))

    @app.post("/v2/requests.{form}", status_code=201)
    def report(form: Form, request: Request, given: Fields) -> Response:
        address = request.client.host if request.client else "-"
        return said(form, "service_requests", here(request, lambda: door.report(given, address), given), 201)

    @app.get("/v2/requests.{form}")
    def requests(form: Form, request: Request) -> Response:
        return said(form, "service_requests", here(request, lambda: door.requests(dict(request.query_params))))

    @app.get("/v2/requests/{number}.{form}")
    def one(number: str, form: Form, request: Request) -> Response:
        return said(form, "service_requests", here(request, lambda: door.request(number)))

    @app.get("/v2/tokens/{token}.{form}")
    def token(token: str, form: Form, request: Request) -> Response:
        return said(form, "service_requests", here(request, lambda: door.token(token)))

    return app
