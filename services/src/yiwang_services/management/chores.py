"""What management does hourly: posts and grants whose time is over go, with a line on the trail; so do old tries."""

from __future__ import annotations

from yiwang_kit.runtime import Runtime
from yiwang_services.management import roles, tries
from yiwang_services.management.content import SERVICE


def sweep(runtime: Runtime) -> None:
    """Remove what has run out. The views stopped honouring ended posts at the very moment; this only tidies up."""
    now = runtime.clock.now()
    with runtime.database.transaction(SERVICE) as session:
        tries.sweep(session, now)
        for row in roles.expire(session, now):
            runtime.audit.record(session, actor="housekeeping", action="management.right.expired", object_type="person",
                                 object_id=str(row.person), detail={"role": row.role, "unit": row.unit})  # fmt: skip
