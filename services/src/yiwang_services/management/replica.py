"""The organisation of the tier above, kept read-only by the tiers below: who sends an order up must know to whom.

A site sends its topmost units to its children in the transaction that changed them, whole and in parts, under one
ordering key: what arrives last is how it is. A child that is new, or learns the message only with a later release, gets
them with the next hour. People and rights stay at home.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_kit.exchange import store as exchange
from yiwang_kit.runtime import Runtime
from yiwang_services.management import store
from yiwang_services.management import tables as t
from yiwang_services.management.content import SERVICE
from yiwang_services.management.contracts import ORGANISATION, schemas

KEY = "organisation"
PART = 200
DEPTH = 2
"""How far below the topmost unit the tiers below need to see: governments, bureaus, their offices."""
OWN = "own"
"""Where this site's own version stands among those of its children."""


class Replica:
    """Sends the upper units down, and keeps those from above. 上级机构副本。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def register(self) -> None:
        """Say to the exchange what is understood."""
        versions = schemas(ORGANISATION)
        self._runtime.exchange.register(ORGANISATION, versions, self.keep, sends=max(versions))

    def renew(self) -> int:
        """Send to each child what it does not have yet; return to how many."""
        with self._runtime.database.transaction(SERVICE) as session:
            return self.publish(session)

    def publish(self, session: Session) -> int:
        """Send the upper units to every child that has not got them as they are now; return to how many."""
        children = [site for site in self._runtime.settings.site.children if self._understands(session, site)]
        if not children:
            return 0
        units = [unit_message(row) for row in upper_units(session)]
        digest = hashlib.sha256(json.dumps(units, sort_keys=True).encode()).hexdigest()
        version = _renumber(session, digest)
        behind = [site for site in children if _digest(session, site) != digest]
        for site in behind:
            self._send(session, site, units, version)
            _remember(session, site, version, digest)
        return len(behind)

    def keep(self, session: Session, envelope: Envelope) -> None:
        """Keep one part; after the last one, forget the units that were in none. Raises ExchangeReject."""
        said, origin = envelope.payload, envelope.origin
        if origin != self._runtime.settings.site.parent:
            raise ExchangeReject(f"机构目录不是来自上级 / {origin} is not the parent of this site")
        u, now = t.upper_unit, self._runtime.clock.now()
        rows = [{**unit, "site": origin, "version": said["version"], "received_at": now} for unit in said["units"]]
        session.execute(delete(u).where(u.c.site == origin, u.c.id.in_([unit["id"] for unit in said["units"]])))
        if rows:
            session.execute(insert(u), rows)
        if said["part"] == said["parts"]:
            session.execute(delete(u).where(u.c.site == origin, u.c.version != said["version"]))

    def _send(self, session: Session, site: str, units: list[dict[str, Any]], version: int) -> None:
        parts = [units[at : at + PART] for at in range(0, len(units), PART)] or [[]]
        for number, part in enumerate(parts, start=1):
            payload = {"version": version, "part": number, "parts": len(parts), "units": part}
            self._runtime.exchange.send(session, to=site, kind=ORGANISATION, key=KEY, payload=payload)

    def _understands(self, session: Session, site: str) -> bool:
        """Whether a child said that it takes this message; one of an earlier release would park it."""
        try:
            peer = self._runtime.exchange.route(site)
        except NotFound:
            return False
        return ORGANISATION in exchange.peer_contracts(session, peer)


def unit_message(row: Any) -> dict[str, Any]:
    """Return a unit as the message carries it."""
    return {"id": str(row.id), "parent": str(row.parent) if row.parent else None, "name": row.name,
            "division": row.division, "kind": row.kind, "active": row.active}  # fmt: skip


def upper_units(session: Session) -> list[Any]:
    """Return the topmost units, in the order of their ids."""
    root = store.root_unit(session)
    if root is None:
        return []
    down = t.unit_closure
    query = select(t.unit).join(down, down.c.descendant == t.unit.c.id)
    return list(session.execute(query.where(down.c.ancestor == root.id, down.c.depth <= DEPTH).order_by(t.unit.c.id)))


def _renumber(session: Session, digest: str) -> int:
    """Return the number of the organisation as it is now: the next one where it changed."""
    v = t.organisation_version
    row = session.execute(select(v).where(v.c.site == OWN).with_for_update()).first()
    version = 1 if row is None else row.version + (row.digest != digest)
    _remember(session, OWN, version, digest)
    return version


def _digest(session: Session, site: str) -> str | None:
    v = t.organisation_version
    return session.execute(select(v.c.digest).where(v.c.site == site)).scalar()


def _remember(session: Session, site: str, version: int, digest: str) -> None:
    v = t.organisation_version
    changed: Any = session.execute(update(v).where(v.c.site == site).values(version=version, digest=digest))
    if changed.rowcount == 0:
        session.execute(insert(v).values(site=site, version=version, digest=digest))
