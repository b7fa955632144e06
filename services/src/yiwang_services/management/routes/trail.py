"""The auditor's routes: browse the trail within the duty's units, take the whole of it away to be verified elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime
from sqlalchemy.orm import Session

from yiwang_kit import audit, pagination
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.authorisation import forbidden, holds_site
from yiwang_kit.errors import Invalid
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_kit.runtime import Runtime
from yiwang_services.management import trail
from yiwang_services.management.content import SERVICE
from yiwang_services.management.routes.common import AUDIT, Run, holds, record, within

NDJSON = "application/x-ndjson"
Word = Annotated[str | None, Query(max_length=120)]
Number = Annotated[int | None, Query(ge=1, le=2**62)]


def router() -> APIRouter:
    """Return the auditor's routes."""
    routes = APIRouter(tags=["audit"])

    @routes.get("/audit")
    def read(actor: CurrentActor, run: Run, by: Annotated[str | None, Query(alias="actor", max_length=120)] = None,
             action: Word = None, object_type: Word = None, object_id: Word = None, since: AwareDatetime | None = None,
             until: AwareDatetime | None = None, before: Number = None, cursor: Annotated[str | None, Query(max_length=400)] = None,
             limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, AUDIT)
            names = trail.other_names(session, by) if by else []
            conditions = trail.matching(actor=by, action=action, object_type=object_type, object_id=object_id,
                                        since=since, until=until, names=names)  # fmt: skip
            if not holds_site(session, actor, AUDIT, run.settings.site.code):
                conditions.append(trail.of_people(within(actor, AUDIT)))
            rows = trail.page(session, conditions, before=before or _before(cursor), limit=limit + 1)
        return pagination.page([line_json(row) for row in rows], limit, lambda row: [row["n"]])

    @routes.get("/audit/actions")
    def actions(actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, AUDIT)
            found = trail.actions(session)
        return {"items": found, "next": None, "total": len(found)}

    @routes.get("/audit/export.jsonl", responses={200: {"content": {NDJSON: {}}}}, response_class=StreamingResponse)
    def export(actor: CurrentActor, run: Run, after: Annotated[int, Query(ge=0, le=2**62)] = 0) -> StreamingResponse:
        with run.database.transaction(SERVICE) as session:
            require_whole(session, actor, run)
            record(run, session, actor, "management.audit.export", "site", run.settings.site.id, after=after)
        name = f'attachment; filename="audit-{run.settings.site.id}.jsonl"'
        return StreamingResponse(lines(run, after), media_type=NDJSON,
                                 headers={"Content-Disposition": name, "Cache-Control": "no-store"})  # fmt: skip

    return routes


def require_whole(session: Session, actor: Actor, run: Runtime) -> None:
    """Raise Forbidden unless the duty is over the whole site: a part of a chain proves nothing."""
    if not holds_site(session, actor, AUDIT, run.settings.site.code):
        raise forbidden(AUDIT)


def lines(run: Runtime, after: int) -> Iterator[str]:
    """Yield the trail as lines of JSON, and at the end the head that they must lead to."""
    with run.database.transaction(SERVICE) as session:
        head = run.audit.head(session)
        if after:
            yield json.dumps({"from": {"n": after, "digest": trail.digest_at(session, after)}}) + "\n"
        for row in trail.everything(session, after, head.n):
            said = audit.content(
                row.n, row.at.astimezone(UTC), row.actor, row.action, row.object_type, row.object_id, row.detail
            )
            yield json.dumps({**said, "digest": bytes(row.digest).hex()}, ensure_ascii=False) + "\n"
    yield json.dumps({"head": {"site": run.settings.site.id, "n": head.n, "digest": head.digest.hex()}}) + "\n"


def line_json(row: Any) -> dict[str, Any]:
    """Return a line as the page shows it."""
    return {"n": row.n, "at": row.at.isoformat(), "actor": row.actor, "action": row.action, "object_type": row.object_type,
            "object_id": row.object_id, "detail": row.detail, "digest": bytes(row.digest).hex()}  # fmt: skip


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        return int(pagination.decode(cursor, 1)[0])
    except ValueError as error:
        raise Invalid("分页游标无效 / the cursor is not one of ours") from error
