"""What is parked: shown with its reason, retried or skipped by a person on the trail, and tried again after an upgrade."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from yiwang_kit.audit import Audit
from yiwang_kit.clock import Clock
from yiwang_kit.database import Database
from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import store
from yiwang_kit.exchange.contracts import Contracts

PARKED_RETRY_SECONDS = 300
ITSELF = "exchange"
"""Who stands on the trail where no person retried."""
CURES = {
    "unknown": "先将本站点升级到发送方的版本 / bring this site to the sender's release: yiwang rollout create",
    "unrouted": "核对站点树中的目的站点 / look for the destination in the site tree: yiwang validate",
    "refused": "在两侧核对该工单后重试或跳过 / look at the order on both sites, then retry or skip",
    "broken": "保留此消息并上报编号 / keep it, report its id with the log line exchange.parked",
}


class Parking:
    """The parked envelopes of one site. 搁置区。"""

    def __init__(
        self, database: Database, contracts: Contracts, route: Callable[[str], str], clock: Clock, log: Any
    ) -> None:
        self._database, self._contracts, self._route = database, contracts, route
        self._clock, self._log, self._audit = clock, log, Audit(clock)
        self._looked = float("-inf")

    def look_again(self) -> int:
        """Retry what this release or tree now knows, at the start and every PARKED_RETRY_SECONDS; return how many."""
        now = self._clock.monotonic()
        if now - self._looked < PARKED_RETRY_SECONDS:
            return 0
        self._looked = now
        with self._database.transaction() as session:
            return sum(self._cure(session, row) for row in store.curable(session) if self._cured(row))

    def retry(self, session: Session, envelope: UUID, *, actor: str, reason: str) -> None:
        """Let a parked envelope be applied again. Raises NotFound where it is not parked."""
        self._move(session, envelope, "stored", "", actor=actor, action="exchange.retry", said=reason)

    def skip(self, session: Session, envelope: UUID, *, actor: str, reason: str) -> None:
        """Never apply a parked envelope; those behind it go on. Raises NotFound where it is not parked."""
        self._move(session, envelope, "skipped", reason, actor=actor, action="exchange.skip", said=reason)

    def _cured(self, row: Any) -> bool:
        if row.cause == "unknown":
            return self._contracts.understands(row.kind, row.version)
        try:
            self._route(row.destination)
        except NotFound:
            return False
        return True

    def _cure(self, session: Session, row: Any) -> int:
        count = store.unpark_alike(session, row)
        detail = {"reason": f"no longer {row.cause}", "version": row.version, "envelopes": count}
        self._audit.record(session, actor=ITSELF, action="exchange.retry", object_type="kind", object_id=row.kind,
                           detail=detail)  # fmt: skip
        self._log.info("exchange.unparked", kind=row.kind, version=row.version, envelopes=count)
        return count

    def _move(self, session: Session, envelope: UUID, state: str, reason: str, *, actor: str, action: str,
              said: str) -> None:  # fmt: skip
        row = store.retry_state(session, envelope, state, reason)
        if row is None:
            raise NotFound(f"没有搁置的消息 {envelope} / no parked envelope {envelope}",
                           next=f"yiwang exchange parked SITE   # {envelope} 可能已处理 / may be settled")  # fmt: skip
        detail: Mapping[str, Any] = {"reason": said, "kind": row.kind, "peer": row.peer}
        self._audit.record(session, actor=actor, action=action, object_type="envelope", object_id=str(envelope),
                           detail=detail)  # fmt: skip


def parked_json(row: Any) -> dict[str, Any]:
    """Return a parked entry as the API shows it."""
    return {
        "id": str(row.id), "peer": row.peer, "origin": row.origin, "kind": row.kind, "version": row.version,
        "key": row.key, "reason": row.reason, "cause": row.cause, "next": CURES.get(row.cause, CURES["refused"]),
        "attempts": row.attempts, "received_at": row.received_at.isoformat(timespec="seconds"),
        "payload": json.loads(row.payload),
    }  # fmt: skip
