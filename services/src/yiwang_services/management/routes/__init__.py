"""The HTTP API of management: divisions, units, people, rights, one's own account, the audit trail, import and export.

Administration is delegated: whoever may edit may do so within the units of their own grants, pass on what they hold
themselves, and never act on themselves.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends

from yiwang_services.management.content import Loader
from yiwang_services.management.factors import Factors
from yiwang_services.management.replica import Replica
from yiwang_services.management.routes import account, divisions, people, rights, sheets, trail, units


def router(loader: Loader, factors: Factors, replica: Replica) -> APIRouter:
    """Return every route of the service under /v1."""

    def loaded() -> None:
        loader.ensure()

    routes = APIRouter(prefix="/v1", dependencies=[Depends(loaded)])
    for part in (account.router(factors), divisions.router(), sheets.router(replica), units.router(replica),
                 people.router(factors), rights.router(), trail.router()):  # fmt: skip
        routes.include_router(part)
    return routes
