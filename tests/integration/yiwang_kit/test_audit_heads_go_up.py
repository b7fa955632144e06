"""A site's audit heads with its parent: a trail that was rewritten no longer passes through them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from support.kit_lab import settings_of
from support.postgres import Server
from yiwang_kit import audit_heads
from yiwang_kit.audit_heads import AuditHeads
from yiwang_kit.clock import SystemClock
from yiwang_kit.contracts import AUDIT_HEAD
from yiwang_kit.crypto import HybridPrivateKey
from yiwang_kit.database import Database
from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_kit.exchange.directory import Identity, MemoryDirectory
from yiwang_kit.ids import uuid7
from yiwang_kit.runtime import Runtime, build_runtime

COUNTY, CITY = "441721", "441700"
KEY, OTHER = HybridPrivateKey.generate(), HybridPrivateKey.generate()


class Ends:
    """County and city on databases of their own; what the county sends is handed over by hand."""

    def __init__(self, postgres: Server, template: str, folder: Path) -> None:
        self.server = postgres
        self.names = [postgres.create(template), postgres.create(template)]
        self.county = self._runtime(postgres.url(self.names[0]), folder, COUNTY, CITY)
        self.city = self._runtime(postgres.url(self.names[1]), folder, CITY, None)
        known = {(COUNTY, 1): KEY.public_key()}
        self.below = AuditHeads(self.county, MemoryDirectory(Identity(COUNTY, 1, KEY), known))
        self.above = AuditHeads(self.city, MemoryDirectory(Identity(CITY, 1, OTHER), known))
        self.below.register()

    def _runtime(self, url: str, folder: Path, site: str, parent: str | None) -> Runtime:
        who = {"id": site, "code": site, "name": site, "tier": "county" if parent else "city", "parent": parent}
        peers = [{"site": CITY, "relation": "parent", "server": "nats://-", "credentials": "-"}] if parent else []
        settings = settings_of(site=who, exchange={"peers": peers}, secrets_dir=str(folder))
        return build_runtime(settings, database=Database(url), clock=SystemClock())

    def happen(self, action: str) -> None:
        with self.county.database.transaction() as session:
            self.county.audit.record(session, actor="chen", action=action, object_type="t", object_id="1")

    def sent(self) -> dict[str, Any]:
        """Return the newest head that the county wrote for its parent."""
        import json

        with self.county.database.transaction() as session:
            query = text("SELECT payload FROM kit.outbox WHERE kind = :kind ORDER BY ordinal DESC LIMIT 1")
            return dict(json.loads(session.execute(query, {"kind": AUDIT_HEAD}).scalar_one()))

    def deliver(self, payload: dict[str, Any]) -> None:
        envelope = Envelope(id=uuid7(), origin=COUNTY, destination=CITY, incarnation=1, n=1, kind=AUDIT_HEAD, version=1,
                            key="audit", payload=payload, created_at=self.city.clock.now())  # fmt: skip
        with self.city.database.transaction() as session:
            self.above.keep(session, envelope)

    def strays(self) -> list[dict[str, Any]]:
        with self.city.database.transaction() as session:
            kept = [item.__dict__ for item in audit_heads.kept(session, COUNTY)]
        with self.county.database.transaction() as session:
            return audit_heads.strays(session, kept, 1)


@pytest.fixture
def ends(postgres: Server, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(AuditHeads, "_understood", lambda self, parent: True)
    both = Ends(postgres, template, tmp_path)
    yield both
    both.county.database.dispose()
    both.city.database.dispose()
    for name in both.names:
        postgres.drop(name)


def test_a_trail_that_was_rewritten_no_longer_passes_through_the_heads_its_parent_keeps(ends: Ends) -> None:
    ends.happen("one")
    assert ends.below.send_up()
    ends.deliver(ends.sent())
    ends.happen("two")
    assert ends.strays() == [], "a trail that only grew passes through its earlier heads"
    with ends.server.connect(ends.names[0]) as root:  # the hub's own role may not
        root.execute("UPDATE kit.audit SET digest = sha256(digest) WHERE n = 1")
    (stray,) = ends.strays()
    assert stray["n"] == 1


def test_a_head_that_did_not_move_is_not_sent_again_and_a_repeat_is_kept_once(ends: Ends) -> None:
    ends.happen("one")
    assert ends.below.send_up()
    assert not ends.below.send_up()
    ends.deliver(ends.sent())
    ends.deliver(ends.sent())
    with ends.city.database.transaction() as session:
        assert len(audit_heads.kept(session, COUNTY)) == 1


def test_another_digest_for_a_row_that_was_told_before_is_parked(ends: Ends) -> None:
    ends.happen("one")
    ends.below.send_up()
    ends.deliver(ends.sent())
    with ends.county.database.transaction() as session:
        session.execute(text("UPDATE kit.audit_head SET digest = sha256(digest) WHERE one"))
        session.execute(text("UPDATE kit.audit_head_sent SET n = 0"))
    ends.below.send_up()
    with pytest.raises(ExchangeReject, match="another digest"):
        ends.deliver(ends.sent())


def test_a_head_of_somebody_else_is_parked(ends: Ends) -> None:
    ends.happen("one")
    ends.below.send_up()
    payload = ends.sent()
    payload["signed"]["n"] = 7
    with pytest.raises(ExchangeReject):
        ends.deliver(payload)
    payload["signed"]["site"] = CITY
    with pytest.raises(ExchangeReject, match="is not of 441721"):
        ends.deliver(payload)
