"""The audit trail: who did what to what, appended in the transaction that did it, each row chained to the last by SM3.

The chain shows that nothing was changed or taken out; its signed heads, which go up a tier, show it to others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit.clock import Clock
from yiwang_kit.crypto import HybridPrivateKey, HybridPublicKey, canonical_json, sm3

PAGE = 1000
HEAD_CONTEXT = "audit-head"


@dataclass(frozen=True)
class Head:
    """Number and digest of the newest row. 审计链头。"""

    n: int
    digest: bytes


@dataclass(frozen=True)
class Break:
    """The first row that does not fit the chain. 断链之处。"""

    n: int
    reason: str


def chain(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Return the digest of a row: SM3 over the digest before it and the row's canonical JSON."""
    return sm3(previous + canonical_json(dict(row)))


def content(
    n: int, at: datetime, actor: str, action: str, object_type: str, object_id: str, detail: str
) -> dict[str, Any]:
    """Return what a digest is over."""
    return {
        "n": n, "at": at.isoformat(timespec="microseconds"), "actor": actor, "action": action,
        "object_type": object_type, "object_id": object_id, "detail": detail,
    }  # fmt: skip


class Audit:
    """Writes and checks one site's trail. 审计。"""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def record(self, session: Session, *, actor: str, action: str, object_type: str, object_id: str,
               detail: Mapping[str, Any] | None = None) -> int:  # fmt: skip
        """Append one row; return its number. Holds the chain's head until commit, so call it last."""
        head = session.execute(text("SELECT n, digest FROM kit.audit_head WHERE one FOR UPDATE")).one()
        said = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True, default=str)
        row = content(head.n + 1, self._clock.now(), actor, action, object_type, object_id, said)
        digest = chain(bytes(head.digest), row)
        session.execute(_INSERT, {**row, "at": datetime.fromisoformat(row["at"]), "digest": digest})
        session.execute(text("UPDATE kit.audit_head SET n = :n, digest = :d WHERE one"), {"n": row["n"], "d": digest})
        return int(row["n"])

    def head(self, session: Session) -> Head:
        """Return the newest row's number and digest."""
        row = session.execute(text("SELECT n, digest FROM kit.audit_head WHERE one")).one()
        return Head(row.n, bytes(row.digest))


_INSERT = text(
    "INSERT INTO kit.audit (n, at, actor, action, object_type, object_id, detail, digest) "
    "VALUES (:n, :at, :actor, :action, :object_type, :object_id, :detail, :digest)"
)


def sign_head(head: Head, site: str, incarnation: int, at: datetime, key: HybridPrivateKey) -> dict[str, Any]:
    """Return the head as a statement that a tier above keeps: later it shows whether the chain still leads to it."""
    said = {"site": site, "incarnation": incarnation, "n": head.n, "digest": head.digest.hex(),
            "at": at.isoformat(timespec="seconds")}  # fmt: skip
    return {"signed": said, "signature": key.sign(canonical_json(said), HEAD_CONTEXT)}


def check_head(statement: Mapping[str, Any], key: HybridPublicKey) -> Head:
    """Return the head in a signed statement. Raises ValueError where the signature is not this key's."""
    said = statement["signed"]
    if not key.verify(canonical_json(said), statement["signature"], HEAD_CONTEXT):
        raise ValueError("the audit head's signature is not this site's")
    return Head(int(said["n"]), bytes.fromhex(said["digest"]))


def leads_to(session: Session, head: Head) -> bool:
    """Return whether this chain still has a head that was signed earlier."""
    if head.n == 0:
        return head.digest == bytes(32)
    found = session.execute(text("SELECT digest FROM kit.audit WHERE n = :n"), {"n": head.n}).scalar()
    return found is not None and bytes(found) == head.digest


def verify(session: Session) -> Break | None:
    """Walk the whole chain; return the first break, or None."""
    digest, n = bytes(32), 0
    for row in _rows(session):
        n += 1
        if row.n != n:
            return Break(n, "the row is missing")
        at = row.at.astimezone(tz=UTC)
        digest = chain(digest, content(n, at, row.actor, row.action, row.object_type, row.object_id, row.detail))
        if digest != bytes(row.digest):
            return Break(n, "the row's digest does not fit its content")
    head = session.execute(text("SELECT n, digest FROM kit.audit_head WHERE one")).one()
    return None if (head.n, bytes(head.digest)) == (n, digest) else Break(n + 1, "rows behind the head are missing")


def _rows(session: Session) -> Iterator[Any]:
    last = 0
    while page := session.execute(_PAGE, {"last": last, "limit": PAGE}).all():
        yield from page
        last = page[-1].n


_PAGE = text("SELECT * FROM kit.audit WHERE n > :last ORDER BY n LIMIT :limit")
