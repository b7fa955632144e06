"""Signed heads of a site's trail go up a tier: whoever rewrites a trail cannot rewrite what the parent keeps of it.

A head says "my trail has n rows and ends in this digest". The parent keeps each one that verifies. Later the site's own
trail is walked and must still pass through every head that the parent holds (`serve kit:audit-verify`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit import audit
from yiwang_kit.audit import Head
from yiwang_kit.contracts import AUDIT_HEAD, schemas
from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_kit.exchange.directory import FileDirectory, KeyDirectory
from yiwang_kit.runtime import Runtime

KEY = "audit"
"""One ordering key a site: heads arrive in order."""


@dataclass(frozen=True)
class Kept:
    """A head that the parent holds. 上级留存的链头。"""

    site: str
    incarnation: int
    n: int
    digest: str
    at: str


class AuditHeads:
    """Sends this site's heads up and keeps those from below. 审计链头上送。"""

    def __init__(self, runtime: Runtime, directory: KeyDirectory | None = None) -> None:
        self._runtime = runtime
        self._directory = directory

    def register(self) -> None:
        """Say to the exchange what is understood, and to housekeeping what is to be done hourly."""
        versions = schemas(AUDIT_HEAD)
        self._runtime.exchange.register(AUDIT_HEAD, versions, self.keep, sends=max(versions))
        self._runtime.chores.append(self.send_up)

    def send_up(self) -> bool:
        """Send the present head to the parent where it moved on since the last one; return whether one was sent."""
        site = self._runtime.settings.site
        directory = self._keys()
        if site.parent is None or directory is None or not self._understood(site.parent):
            return False
        identity = directory.identity()
        with self._runtime.database.transaction() as session:
            head = self._runtime.audit.head(session)
            sent = session.execute(text("SELECT n FROM kit.audit_head_sent WHERE one FOR UPDATE")).scalar()
            if sent is not None and sent >= head.n:
                return False
            session.execute(_SENT, {"n": head.n})
            said = audit.sign_head(head, site.id, identity.incarnation, self._runtime.clock.now(), identity.key)
            self._runtime.exchange.send(session, to=site.parent, kind=AUDIT_HEAD, key=KEY, payload=said)
        return True

    def keep(self, session: Session, envelope: Envelope) -> None:
        """Keep a head from below. Raises ExchangeReject where it is not the sender's, or says otherwise than before."""
        said, directory = envelope.payload["signed"], self._keys()
        key = directory.public_key(said["site"], said["incarnation"]) if directory else None
        if said["site"] != envelope.origin or key is None:
            raise ExchangeReject(f"链头不属于发送站点 / the head is not of {envelope.origin}")
        try:
            head = audit.check_head(envelope.payload, key)
        except ValueError as error:
            raise ExchangeReject(str(error)) from error
        where = {"site": said["site"], "incarnation": said["incarnation"], "n": head.n}
        known = session.execute(_KNOWN, where).scalar()
        if known is not None and bytes(known) != head.digest:
            raise ExchangeReject(f"审计链被改写 / {said['site']} said another digest of row {head.n} before")
        if known is None:
            at, now = datetime.fromisoformat(said["at"]), self._runtime.clock.now()
            session.execute(_KEEP, {**where, "digest": head.digest, "at": at, "now": now,
                                    "signature": json.dumps(envelope.payload["signature"])})  # fmt: skip

    def _keys(self) -> KeyDirectory | None:
        folder = self._runtime.settings.exchange.identity_dir
        if self._directory is None and folder is not None:
            self._directory = FileDirectory(folder, self._runtime.settings.site.id)
        return self._directory

    def _understood(self, parent: str) -> bool:
        """Whether the parent said that it takes heads; one of an earlier release would park them."""
        from yiwang_kit.exchange import store

        try:
            peer = self._runtime.exchange.route(parent)
        except NotFound:
            return False
        with self._runtime.database.transaction() as session:
            return AUDIT_HEAD in store.peer_contracts(session, peer)


def kept(session: Session, site: str) -> list[Kept]:
    """Return the heads that this site holds of another one, the oldest first."""
    rows = session.execute(_OF, {"site": site})
    return [Kept(row.site, row.incarnation, row.n, bytes(row.digest).hex(), row.at.isoformat()) for row in rows]


def strays(session: Session, heads: Iterable[dict[str, Any]], incarnation: int) -> list[dict[str, Any]]:
    """Return the heads of this life through which this site's trail no longer passes.

    A restored site begins its trail again from a backup, so heads of earlier lives behind that backup are no proof
    against it; they stay with the parent for whoever looks into them.
    """
    mine = (head for head in heads if head["incarnation"] == incarnation)
    return [head for head in mine if not audit.leads_to(session, Head(head["n"], bytes.fromhex(head["digest"])))]


_SENT = text(
    "INSERT INTO kit.audit_head_sent (one, n) VALUES (true, :n) ON CONFLICT (one) DO UPDATE SET n = excluded.n"
)
_KNOWN = text("SELECT digest FROM kit.audit_head_below WHERE site = :site AND incarnation = :incarnation AND n = :n")
_KEEP = text(
    "INSERT INTO kit.audit_head_below (site, incarnation, n, digest, at, signature, received_at) "
    "VALUES (:site, :incarnation, :n, :digest, :at, :signature, :now)"
)
_OF = text(
    "SELECT site, incarnation, n, digest, at FROM kit.audit_head_below WHERE site = :site ORDER BY incarnation, n"
)
