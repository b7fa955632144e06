"""Forwards /api/fleet/* to the control plane with a token of the person who asks, meant for `fleet` and nothing else."""

from __future__ import annotations

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import Response

from yiwang_kit.auth import CurrentActor
from yiwang_kit.errors import Forbidden, Unavailable
from yiwang_kit.runtime import Runtime

KEPT = ("content-type", "etag", "cache-control")


def router(runtime: Runtime) -> APIRouter:
    """Return the forwarding routes; only reading passes."""
    routes = APIRouter(prefix="/api/fleet", tags=["fleet"])

    @routes.get("/{path:path}")
    def forward(path: str, request: Request, actor: CurrentActor) -> Response:
        issue = getattr(runtime, "fleet_token", None)
        if issue is None:
            raise Forbidden("本站点不签发机队令牌 / this site issues no fleet tokens")
        headers = {"Authorization": f"Bearer {issue(actor)}", "Accept": "application/json"}
        try:
            answer = runtime.http.get(
                f"{runtime.settings.fleet_url}/{path}", params=dict(request.query_params), headers=headers
            )
        except httpx.TransportError as error:
            raise Unavailable(f"控制面不可达 / control cannot be reached: {error}", next="yiwang status") from error
        return Response(answer.content, answer.status_code, {k: v for k, v in answer.headers.items() if k in KEPT})

    return routes
