"""The division tree over HTTP, open to everybody who is signed in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from yiwang_kit.auth import CurrentActor
from yiwang_kit.errors import NotFound
from yiwang_services.management import store
from yiwang_services.management.content import SERVICE
from yiwang_services.management.routes.common import Run
from yiwang_services.management.shapes import division_json, path_json

FOUND_LIMIT = 50


def router() -> APIRouter:
    """Return the routes of the division tree, open to everybody who is signed in."""
    routes = APIRouter(tags=["divisions"])

    @routes.get("/divisions")
    def search(actor: CurrentActor, run: Run, q: Annotated[str, Query(min_length=1, max_length=60)]) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            found = store.find_divisions(session, q, FOUND_LIMIT)
            items = [{**division_json(row), "path": path_json(session, row.code)} for row in found]
        return {"items": items, "next": None, "total": None}

    @routes.get("/divisions/{code}")
    def one(code: Annotated[str, Path(pattern=r"^[0-9]{6,12}$")], actor: CurrentActor, run: Run) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            row = store.division(session, code)
            if row is None:
                raise NotFound(f"本站点没有区划 {code} / this site keeps no division {code}")
            children = [
                {**division_json(child), "has_children": child.has_children}
                for child in store.division_children(session, code)
            ]
            return {**division_json(row), "path": path_json(session, code), "children": children}

    return routes
