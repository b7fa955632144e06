"""Forwards /api/fleet/* to the control plane with a token of the person who asks, meant for `fleet` and nothing else."""

from __future__ import annotations

from urllib.parse import quote

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import Response

from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.errors import Forbidden, Unavailable
from yiwang_kit.runtime import Runtime

KEPT = ("content-type", "etag", "cache-control")
DISBELIEF = (httpx.codes.UNAUTHORIZED,)


def router(runtime: Runtime) -> APIRouter:
    """Return the forwarding routes; only reading passes."""
    routes = APIRouter(prefix="/api/fleet", tags=["fleet"])

    @routes.get("/{path:path}")
    def forward(path: str, request: Request, actor: CurrentActor) -> Response:
        answer = ask(runtime, actor, path, request.url.query)
        return Response(answer.content, answer.status_code, {k: v for k, v in answer.headers.items() if k in KEPT})

    return routes


def ask(runtime: Runtime, actor: Actor, path: str, query: str) -> httpx.Response:
    """Ask control as this person. Raises Forbidden, and Unavailable where control is away or not yet knows this site."""
    if runtime.fleet_token is None:
        raise Forbidden(
            "本站点不签发管控令牌 / this site issues no tokens for control", next="yiwang explain setting fleet_url"
        )
    headers = {"Authorization": f"Bearer {runtime.fleet_token(actor)}", "Accept": "application/json"}
    address = f"{runtime.settings.fleet_url}/{quote(path)}" + (f"?{query}" if query else "")
    try:
        answer = runtime.http.get(address, headers=headers)
    except httpx.TransportError as error:
        raise Unavailable(f"管控不可达 / control cannot be reached: {error}", next="yiwang status") from error
    if answer.status_code in DISBELIEF:  # a 401 passed on would look as if the person were signed out here
        raise Unavailable("管控尚不认可本站点的令牌 / control does not believe this site's tokens yet",
                          next="yiwang consistency")  # fmt: skip
    return answer
