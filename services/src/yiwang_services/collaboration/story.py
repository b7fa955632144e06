"""An order's story over all sites: what a change writes here, and what it tells the sites that follow the order.

An order has one owner; only the owner adds entries, numbered one after the other, so the story is the same everywhere
without any clock. A site's copy believes only the owner that it knows. Ownership moves with a message: from then on the
sender shows the order as handed over and offers nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_kit.runtime import Runtime
from yiwang_services.collaboration import assists, contracts, limits, promises, search, store
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.settings import HISTORY_CHUNK
from yiwang_services.collaboration.transitions import (
    ACCEPTED,
    CLOSED,
    DISPATCHED,
    DISPOSED,
    HANDED_OVER,
    RECEIVED_BY,
)

SYSTEM = "系统"
REACHED = {ACCEPTED: "accepted_at", DISPATCHED: "dispatched_at", DISPOSED: "disposed_at"}
"""The column that remembers when an order last came into a state."""
SHOWN = (
    "number", "matter", "matter_name", "title", "description", "channel", "division", "division_name", "address",
    "state", "owner_site", "unit_name", "due_basis", "version",
)  # fmt: skip
ENTRY = ("n", "site", "site_name", "actor", "action", "from_state", "to_state", "note", "unit")
MOMENTS = ("created_at", "due_at")
LATER = ("generated",)
"""What version 2 of the contracts adds: understood here, sent by the release after this one."""
DEGREES = ("longitude", "latitude")
"""Degrees travel as text with six decimals (0.1 m): a float has no canonical form to sign."""


def snapshot(row: Any) -> dict[str, Any]:
    """Return what every following site may know of an order: nothing of the person who reported it."""
    said = {name: getattr(row, name) for name in SHOWN}
    said |= {name: getattr(row, name).isoformat() for name in MOMENTS}
    said |= {name: degrees_text(getattr(row, name)) for name in DEGREES}
    closed = row.closed_at.isoformat() if row.closed_at else None
    return {**said, "id": str(row.id), "unit": str(row.unit) if row.unit else None, "closed_at": closed}


def degrees_text(value: float | None) -> str:
    """Return degrees as they travel; empty where they are not known."""
    return "" if value is None else f"{value:.6f}"


def entry_json(row: Any) -> dict[str, Any]:
    """Return a trace entry as it travels."""
    return {**{name: getattr(row, name) for name in ENTRY}, "at": row.at.isoformat()}


def columns_of(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a snapshot sets."""
    values = {name: order[name] for name in SHOWN}
    values |= {name: datetime.fromisoformat(order[name]) for name in MOMENTS}
    values |= {name: order[name] for name in LATER if name in order}
    values |= {name: float(order[name]) if order[name] else None for name in DEGREES}
    return {**values, "closed_at": datetime.fromisoformat(order["closed_at"]) if order["closed_at"] else None}


class Story:
    """Writes entries and keeps the following sites informed. 工单轨迹同步。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._exchange = runtime.exchange
        self.site = runtime.settings.site

    def register(self) -> None:
        """Say to the exchange what this service understands."""
        handlers = {
            contracts.TRACE: self.on_trace,
            contracts.HANDOVER: self.on_arrival,
            contracts.RETURNED: self.on_arrival,
            contracts.ACK: self.on_ack,
        }
        for kind, handler in handlers.items():
            self._exchange.register(kind, contracts.schemas()[kind], handler, sends=contracts.SENT[kind])

    def reachable(self, site: str) -> bool:
        """Return whether a link leads towards a site."""
        try:
            self._exchange.route(site)
        except NotFound:
            return False
        return True

    # What happens here ------------------------------------------------------------------------------------------------

    def begin(self, session: Session, order_id: UUID, actor: str) -> None:
        """Write the first entry of a new order and tell the sites above."""
        row = store.order(session, order_id, lock=True)
        above = [site for site in self.site.ancestors if self.reachable(site)]
        store.add_followers(session, order_id, [self.site.id, *above])
        self._add(session, row, n=1, actor=actor, action="register", before="", note="", at=row.created_at)
        self.tell(session, order_id, since=1)

    def go_on(self, session: Session, row: Any, values: Mapping[str, Any], *, actor: str, action: str, note: str,
              at: datetime | None = None) -> Any:  # fmt: skip
        """Change an order whose row is held, write the entry, tell the followers; return the order as it is now."""
        at, before = at or self._runtime.clock.now(), row.state
        moved = self._moved(session, row, values["state"], at) if values.get("state") else {}
        changed = {name: value for name, value in values.items() if name != "state"}
        store.change_order(session, row.id, version=row.version + 1, updated_at=at, **{**moved, **changed})
        row = store.order(session, row.id)
        self._add(session, row, n=row.version, actor=actor, action=action, before=before, note=note, at=at)
        return row

    def _moved(self, session: Session, row: Any, state: str, at: datetime) -> dict[str, Any]:
        """End the stage that an order leaves, and return the columns of the state that it enters."""
        ended = limits.finished(row, at)
        if ended is not None:
            assists.add_stage(session, row.id, **ended)
        assists.withdraw_all(session, row.id, at)
        assists.end_spell(session, row.id, at)
        clock = limits.enter(calendar(), limits.rules(row.rules), state, at, row.version + 1)
        reached = {REACHED[state]: at} if state in REACHED else {}
        return {"state": state, "closed_at": at if state == CLOSED else None, "extension_until": None,
                "extension_note": "", **clock, **reached}  # fmt: skip

    def note_down(self, session: Session, order_id: UUID, action: str, note: str, at: datetime) -> None:
        """Write into another order's story what happened to it by this one; only its owner may, so elsewhere nothing."""
        row = store.order(session, order_id, lock=True)
        if row is not None and row.owner_site == self.site.id and row.state != HANDED_OVER:
            self.go_on(session, row, {}, actor=SYSTEM, action=action, note=note, at=at)
            self.tell(session, order_id, since=row.version + 1)

    def tell(self, session: Session, order_id: UUID, *, since: int, newcomer: str = "") -> None:
        """Send entries from `since` on to every follower, and the whole story to a newcomer."""
        row = store.order(session, order_id)
        written = store.entries(session, order_id, since=1 if newcomer else since)
        sites = store.followers(session, order_id)
        for site in sites:
            if site != self.site.id and self.reachable(site):
                told = written if site == newcomer else [entry for entry in written if entry.n >= since]
                self._send_entries(session, site, row, told, sites)

    def hand_over(self, session: Session, row: Any, to: str, arrives_as: str, *, back: bool, reporter: Mapping[str, str],
                  route: Sequence[str]) -> None:  # fmt: skip
        """Tell the followers, then move ownership to another site by message."""
        newcomer = "" if to in store.followers(session, row.id) else to
        store.add_followers(session, row.id, [to])
        self.tell(session, row.id, since=row.version, newcomer=newcomer)
        payload = {"order": snapshot(row), "reporter": dict(reporter), "route": list(route), "arrives_as": arrives_as,
                   "followers": store.followers(session, row.id)}  # fmt: skip
        kind = contracts.RETURNED if back else contracts.HANDOVER
        self._exchange.send(session, to=to, kind=kind, key=str(row.id), payload=payload)

    def _send_entries(self, session: Session, to: str, row: Any, told: Sequence[Any], sites: Sequence[str]) -> None:
        for start in range(0, len(told), HISTORY_CHUNK):
            chunk = [entry_json(entry) for entry in told[start : start + HISTORY_CHUNK]]
            payload = {"order": snapshot(row), "entries": chunk, "followers": list(sites)}
            self._exchange.send(session, to=to, kind=contracts.TRACE, key=str(row.id), payload=payload)

    def _add(self, session: Session, row: Any, *, n: int, actor: str, action: str, before: str, note: str,
             at: datetime) -> None:  # fmt: skip
        store.add_entry(session, work_order=row.id, n=n, at=at, site=self.site.id, site_name=self.site.name, actor=actor,
                        action=action, from_state=before, to_state=row.state, note=note, unit=row.unit_name)  # fmt: skip

    # What others say --------------------------------------------------------------------------------------------------

    def on_trace(self, session: Session, envelope: Envelope) -> None:
        """Add what the owner wrote; the copy here follows the newest entry."""
        order, order_id = envelope.payload["order"], UUID(envelope.payload["order"]["id"])
        row = store.order(session, order_id, lock=True)
        if row is None:
            self._copy(session, order, envelope)
        elif order["version"] > row.version:
            self._believe(row, envelope)
            store.change_order(session, order_id, updated_at=self._runtime.clock.now(), **columns_of(order),
                               unit=self._unit(order, envelope))  # fmt: skip
        self._expect(session, order_id, envelope)
        store.add_followers(session, order_id, envelope.payload["followers"])
        for entry in envelope.payload["entries"]:
            at = datetime.fromisoformat(entry["at"])
            store.add_entry(session, work_order=order_id, **{name: entry[name] for name in ENTRY}, at=at)

    def on_arrival(self, session: Session, envelope: Envelope) -> None:
        """Become the owner of an order that was handed over or came back; say so to everybody who follows it."""
        payload, order_id = envelope.payload, UUID(envelope.payload["order"]["id"])
        row = store.order(session, order_id, lock=True)
        if row is None:
            raise ExchangeReject(f"工单 {payload['order']['number']} 的轨迹未到 / its trace has not arrived")
        reporter = {"reporter_name": payload["reporter"]["name"], "reporter_phone": payload["reporter"]["phone"]}
        if envelope.recovered or row.version > payload["order"]["version"]:
            # A restored site hears of a hand-over that it sent, or took part in, before: only the gap is filled.
            if not row.reporter_name:
                store.change_order(session, order_id, **reporter)
            return
        if (row.owner_site, row.state) != (self.site.id, HANDED_OVER) or not self._last_was(
            session, order_id, envelope.origin
        ):
            raise ExchangeReject(f"工单 {row.number} 不由 {envelope.origin} 移交至此 / was not handed over to here")
        arrives = payload["arrives_as"]
        if arrives not in RECEIVED_BY:
            raise ExchangeReject(f"未知到达状态 / unknown state of arrival {arrives}")
        values = {
            "state": arrives,
            "route": json.dumps(payload["route"]),
            "unit": None,
            "received_at": envelope.created_at,
            "arbitration": "",
            "rules": self._rules(session, row),
        }
        self._expect(session, order_id, envelope)
        store.add_followers(session, order_id, payload["followers"])
        row = self.go_on(session, row, {**values, **reporter}, actor=SYSTEM, action=RECEIVED_BY[arrives], note="",
                         at=envelope.created_at)  # fmt: skip
        self.tell(session, order_id, since=row.version)
        receipt = {"id": str(row.id), "number": row.number, "version": row.version,
                   "received_at": self._runtime.clock.now().isoformat()}  # fmt: skip
        self._exchange.send(session, to=envelope.origin, kind=contracts.ACK, key=str(row.id), payload=receipt)

    def _expect(self, session: Session, order_id: UUID, envelope: Envelope) -> None:
        """Attach the photos that a message names; their bytes come apart from messages."""
        named = envelope.payload.get("attachments", [])
        self._runtime.attachments.expect(session, named, service="collaboration", object_type="work_order",
                                         object_id=str(order_id), origin=envelope.origin)  # fmt: skip

    def _rules(self, session: Session, row: Any) -> str:
        """Return the stage limits of this site's catalogue for an order that came without any."""
        here = None if row.rules else promises.known(session, row.matter)
        return limits.Rules(stages=here.rules.stages).text() if here else str(row.rules)

    def on_ack(self, session: Session, envelope: Envelope) -> None:
        """Remember when the other site had the order."""
        order_id = UUID(envelope.payload["id"])
        if not envelope.recovered and store.order(session, order_id, lock=True) is not None:
            at = datetime.fromisoformat(envelope.payload["received_at"])
            store.change_order(session, order_id, received_at=at)

    def _believe(self, row: Any, envelope: Envelope) -> None:
        if not envelope.recovered and envelope.origin != row.owner_site:
            raise ExchangeReject(
                f"{envelope.origin} 不是工单 {row.number} 的办理站点 / the order is with {row.owner_site}"
            )

    def _copy(self, session: Session, order: Mapping[str, Any], envelope: Envelope) -> None:
        inside = store.within(session, order["division"], self.site.code)
        here = promises.known(session, order["matter"])
        found = search.searched(order["number"], order["title"], order["address"], order["description"])
        store.add_order(
            session, id=UUID(order["id"]), reporter_name="", reporter_phone="", route="[]", created_by=None,
            scope_division=order["division"] if inside else self.site.code, received_at=None,
            unit=self._unit(order, envelope), updated_at=self._runtime.clock.now(), **columns_of(order),
            category=here.category if here else "", **found,
        )  # fmt: skip

    def _unit(self, order: Mapping[str, Any], envelope: Envelope) -> UUID | None:
        """Return the unit only for what this site wrote itself in an earlier life: other sites' units mean nothing here."""
        return UUID(order["unit"]) if envelope.recovered and order["unit"] else None

    def _last_was(self, session: Session, order_id: UUID, site: str) -> bool:
        written = store.entries(session, order_id)
        return bool(written) and written[-1].site == site
