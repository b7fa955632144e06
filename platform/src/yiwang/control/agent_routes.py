"""Routes for agents: enrol with a token, then poll, report and offer under the site's own signature."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request

from yiwang.control.context import Control
from yiwang.model.command import Offer, Poll, ReportMessage
from yiwang.model.release import Record
from yiwang.model.trust import EnrolmentRequest
from yiwang_kit.errors import Forbidden


class Offers(Record):
    """What a site tells its neighbours. 邻站信息集。"""

    offers: tuple[Offer, ...]


async def raw_body(request: Request) -> bytes:
    """Return the bytes that were signed."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]


def router(control: Control) -> APIRouter:
    """Return the agents' routes."""
    routes = APIRouter(prefix="/v1/sites/{site}", tags=["agents"])

    @routes.post("/enrol")
    def enrol(site: str, request: Annotated[EnrolmentRequest, Body()]) -> dict[str, Any]:
        if request.site != site:
            raise Forbidden(f"申请属于 {request.site} / the request is about {request.site}, not {site}")
        return control.sites.enrol(request).model_dump(mode="json", by_alias=True)

    @routes.post("/poll")
    def poll(site: str, request: Request, raw: RawBody) -> dict[str, Any]:
        control.agent(request, raw, site)
        answer = control.sites.poll(site, Poll.model_validate_json(raw or b"{}"))
        return answer.model_dump(mode="json", by_alias=True)

    @routes.post("/reports", status_code=202)
    def report(site: str, request: Request, raw: RawBody) -> dict[str, str]:
        control.agent(request, raw, site)
        control.sites.report(site, ReportMessage.model_validate_json(raw))
        return {"status": "accepted"}

    @routes.post("/offers", status_code=202)
    def offers(site: str, request: Request, raw: RawBody) -> dict[str, str]:
        control.agent(request, raw, site)
        control.sites.offers(site, Offers.model_validate_json(raw).offers)
        return {"status": "accepted"}

    return routes
