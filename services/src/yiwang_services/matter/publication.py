"""What a tier publishes in its two upper lists goes down: children use the same directory and items, and implement them.

Whole and in parts, in the transaction that published; a child that is new, or learns the message only with a later
release, gets them within the hour. At a child an entry from above stands beside what the child published itself under the
same code: its own version counts there.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_kit.exchange import store as exchange
from yiwang_kit.runtime import Runtime
from yiwang_services.matter import shelves
from yiwang_services.matter import tables as t
from yiwang_services.matter.contracts import PUBLICATION, schemas
from yiwang_services.matter.shelves import DIRECTORY, ITEMS

SERVICE, KEY, PART = "matter", "catalogue", 50
BY_LIST = {shelf.list: shelf for shelf in (DIRECTORY, ITEMS)}
WORDS = ("code", "name", "name_en", "above", "rule", "department", "source", "clause", "instead", "sample")
RELEASED = "matters-starter@"
"""Origin of what every site has from the release already."""


class Publication:
    """Sends the upper lists down, and keeps those from above. 目录发布。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._site = runtime.settings.site

    def register(self) -> None:
        """Say to the exchange what is understood."""
        versions = schemas(PUBLICATION)
        self._runtime.exchange.register(PUBLICATION, versions, self.keep, sends=max(versions))

    def renew(self) -> int:
        """Send to each child what it does not have yet; return to how many."""
        with self._runtime.database.transaction(SERVICE) as session:
            return self.publish(session)

    def publish(self, session: Session) -> int:
        """Send what was published here, or came from above, to every child that has not got it; return to how many."""
        entries = [message(row) for row in published(session)]
        digest = hashlib.sha256(json.dumps(entries, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        children = [site for site in self._site.children if self._understands(session, site)] if entries else []
        known = {row.site: row.digest for row in session.execute(select(t.told))}
        behind = [site for site in children if known.get(site) != digest]
        for site in behind:
            for start in range(0, len(entries), PART):
                payload = {"entries": entries[start : start + PART]}
                self._runtime.exchange.send(session, to=site, kind=PUBLICATION, key=KEY, payload=payload)
            session.execute(delete(t.told).where(t.told.c.site == site))
            session.execute(insert(t.told).values(site=site, digest=digest))
        return len(behind)

    def keep(self, session: Session, envelope: Envelope) -> None:
        """Keep what the tier above published, and pass it on. Raises ExchangeReject for anybody else's."""
        if envelope.origin != self._site.parent:
            raise ExchangeReject(f"目录不是来自上级 / {envelope.origin} is not the parent of this site")
        now = self._runtime.clock.now()
        for entry in envelope.payload["entries"]:
            shelves.keep(session, BY_LIST[entry["list"]], entry, envelope.origin, envelope.origin, now)
        self.publish(session)

    def _understands(self, session: Session, site: str) -> bool:
        """Whether a child said that it takes this message; one of an earlier release would park it."""
        try:
            peer = self._runtime.exchange.route(site)
        except NotFound:
            return False
        return PUBLICATION in exchange.peer_contracts(session, peer)


def published(session: Session) -> list[Any]:
    """Return what is in force in the two upper lists and did not come with the release, which every site has."""
    e = t.entries.c
    rows = session.execute(select(t.entries).where(e.current).order_by(e.list, e.code)).all()
    return [row for row in rows if not row.origin.startswith(RELEASED)]


def message(row: Any) -> dict[str, Any]:
    """Return an entry as it travels."""
    days = {name: shelves.shown(getattr(row, name)) for name in ("effective_from", "effective_to")}
    return {"list": row.list, **{name: getattr(row, name) for name in WORDS}, **days}
