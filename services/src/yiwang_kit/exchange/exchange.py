"""The exchange as a service sees it: register what you understand, send in your own transaction, and that is all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from yiwang_kit.clock import Clock
from yiwang_kit.crypto import canonical_json
from yiwang_kit.database import Database
from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import links, store
from yiwang_kit.exchange.applying import Applier
from yiwang_kit.exchange.carrier import Carrier, NoCarrier
from yiwang_kit.exchange.contracts import Contract, Contracts, Handler, first_sent
from yiwang_kit.exchange.directory import FileDirectory, KeyDirectory
from yiwang_kit.exchange.envelope import ENVELOPE_LIMIT, EnvelopeTooLarge, ExchangeReject
from yiwang_kit.exchange.link import Link, pack
from yiwang_kit.exchange.links import LinkStatus
from yiwang_kit.exchange.relay import Shipper, Worker
from yiwang_kit.exchange.signing import NotBelieved
from yiwang_kit.ids import uuid7
from yiwang_kit.settings import HubSettings, Peer

if TYPE_CHECKING:
    from fastapi import APIRouter

HEADER_ALLOWANCE = 1024
"""Bytes that a header may take beside its payload within ENVELOPE_LIMIT."""
PARKED_RETRY_SECONDS = 300


class Exchange:
    """One site's exchange with its parent and children. 层级交换。"""

    def __init__(self, settings: HubSettings, database: Database, *, clock: Clock, log: Any, carrier: Carrier | None = None,
                 directory: KeyDirectory | None = None) -> None:  # fmt: skip
        self.settings = settings
        self.contracts = Contracts()
        self._database = database
        self._clock = clock
        self._log = log
        self._carrier = carrier
        self._directory = directory
        self._links: dict[str, Link] = {}
        self._shippers: dict[str, Worker] = {}
        self._applier: Worker | None = None

    # What services use ----------------------------------------------------------------------------------------------

    def register(
        self, kind: str, versions: Mapping[int, Mapping[str, Any]], handler: Handler, *, sends: int | None = None
    ) -> None:
        """Say that this release understands a kind; its first word is the service whose role the handler runs in.

        Without `sends` the newest version but one is sent: a new one is understood in R and first sent in R+1.
        """
        version = first_sent(versions) if sends is None else sends
        self.contracts.register(Contract(kind, kind.partition(".")[0], versions, handler, version))

    def send(self, session: Session, *, to: str, kind: str, key: str, payload: Mapping[str, Any]) -> UUID:
        """Write one envelope to another site in the caller's transaction; return its id.

        The caller holds the entity's row lock, so that rows of one ordering key are written in order. Raises
        EnvelopeTooLarge, ExchangeReject where the payload does not fit the kind's schema, NotFound for an unknown site.
        """
        peer = self.route(to)
        version = self.contracts.version_for(kind, store.peer_contracts(session, peer))
        self.contracts.check(kind, version, dict(payload))
        content = canonical_json(dict(payload)).decode()
        if len(content.encode()) > ENVELOPE_LIMIT - HEADER_ALLOWANCE:
            raise EnvelopeTooLarge(
                f"{kind}: {len(content.encode())} bytes, the limit is {ENVELOPE_LIMIT} with the header"
            )
        envelope = uuid7()
        store.add_outgoing(session, {
            "id": envelope, "peer": peer, "origin": self.settings.site.id, "destination": to, "incarnation": None,
            "n": None, "kind": kind, "version": version, "key": key, "payload": content, "proof": None,
            "created_at": self._clock.now(),
        })  # fmt: skip
        self._wake_after_commit(session, peer)
        return envelope

    def route(self, destination: str) -> str:
        """Return the neighbour on the way to a site: a child for its subtree, otherwise the parent."""
        parent = None
        for peer in self.settings.exchange.peers:
            if destination == peer.site or destination in peer.subtree:
                return peer.site
            if peer.relation == "parent":
                parent = peer.site
        if parent is None or destination == self.settings.site.id:
            raise NotFound(f"没有通往 {destination} 的链路 / no link leads to {destination}")
        return parent

    def neighbours(self) -> list[Peer]:
        """Return the parent and the children."""
        return list(self.settings.exchange.peers)

    def links(self, session: Session) -> list[LinkStatus]:
        """Return every link's status."""
        incarnation = self._links[next(iter(self._links))].identity.incarnation if self._links else 1
        found = (links.status(session, peer, incarnation) for peer in self.neighbours())
        return [link for link in found if link is not None]

    # What the process uses ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the links and start the threads; a site without neighbours starts nothing."""
        if not self.neighbours():
            return
        directory = self._directory or FileDirectory(self._identity_folder(), self.settings.site.id)
        carrier = self._carrier or self._nats()
        self._carrier = carrier
        identity = directory.identity()
        for peer in self.neighbours():
            link = Link(peer=peer, identity=identity, directory=directory, database=self._database, carrier=carrier,
                        contracts=self.contracts, clock=self._clock)  # fmt: skip
            link.remember()
            self._links[peer.site] = link
            self._shippers[peer.site] = self._worker(
                f"ship:{peer.site}", Shipper(link, self._database, self._clock, self._log).work
            )
        self._applier = self._worker("apply", self._apply_work())
        carrier.open(self.answer)
        for worker in (*self._shippers.values(), self._applier):
            worker.start()

    def stop(self) -> None:
        """Stop the threads, then the carrier."""
        for worker in (*self._shippers.values(), *([self._applier] if self._applier else [])):
            worker.stop()
        self._shippers.clear()
        self._applier = None
        if self._carrier is not None:
            self._carrier.close()

    def link(self, site: str) -> Link:
        """Return the open link to a neighbour."""
        return self._links[site]

    def answer(self, peer: str, request: bytes) -> bytes:
        """Answer a neighbour's request, a refusal included; wake the applier for what was stored."""
        link = self._links.get(peer)
        try:
            if link is None:
                raise NotBelieved(f"{peer} 不是相邻站点 / {peer} is no neighbour")
            reply = link.answer(request)
        except (NotBelieved, KeyError, TypeError, ValueError) as error:
            self._log.warning("exchange.refused", peer=peer, reason=str(error)[:300])
            return pack({"refused": str(error)[:500]})
        if self._applier is not None:
            self._applier.wake()
        return reply

    def wake(self) -> None:
        """Look for work now."""
        for worker in (*self._shippers.values(), *([self._applier] if self._applier else [])):
            worker.wake()

    def retry(self, session: Session, envelope: UUID) -> Any:
        """Let a parked envelope be applied again. Raises NotFound where it is not parked."""
        return self._unpark(session, envelope, "stored", "")

    def skip(self, session: Session, envelope: UUID, reason: str) -> Any:
        """Never apply a parked envelope; those behind it go on. Raises NotFound where it is not parked."""
        return self._unpark(session, envelope, "skipped", reason)

    def router(self) -> APIRouter:
        """Return the HTTP routes under /api/exchange/v1."""
        from yiwang_kit.exchange.http import router

        return router(self)

    def _unpark(self, session: Session, envelope: UUID, state: str, reason: str) -> Any:
        row = store.retry_state(session, envelope, state, reason)
        if row is None:
            raise NotFound(f"没有搁置的消息 {envelope} / no parked envelope {envelope}")
        if self._applier is not None:
            event.listen(session, "after_commit", lambda _: self.wake(), once=True)
        return row

    def _apply_work(self) -> Callable[[], bool]:
        applier = Applier(
            self.settings.site.id, self._database, self.contracts, self._route_or_reject, self._clock, self._log
        )

        def work() -> bool:
            settled = applier.run()
            if settled:
                for worker in self._shippers.values():
                    worker.wake()
            return settled > 0

        return work

    def _route_or_reject(self, destination: str) -> str:
        try:
            return self.route(destination)
        except NotFound as error:
            raise ExchangeReject(error.detail) from error

    def _worker(self, name: str, work: Callable[[], bool]) -> Worker:
        return Worker(name, self._database, work, poll=self.settings.exchange.poll_seconds, log=self._log)

    def _wake_after_commit(self, session: Session, peer: str) -> None:
        worker = self._shippers.get(peer)
        if worker is not None:
            event.listen(session, "after_commit", lambda _: worker.wake(), once=True)

    def _identity_folder(self) -> Path:
        folder = self.settings.exchange.identity_dir
        if folder is None:
            raise ValueError("exchange.identity_dir is missing: a site with neighbours signs what it sends")
        return folder

    def _nats(self) -> Carrier:
        from yiwang_kit.exchange.nats_carrier import NatsCarrier

        peers = self.neighbours()
        return NatsCarrier(self.settings.site.id, peers, self._log) if peers else NoCarrier()


def parked_json(row: Any) -> dict[str, Any]:
    """Return a parked entry as the API shows it."""
    return {
        "id": str(row.id), "peer": row.peer, "origin": row.origin, "kind": row.kind, "version": row.version,
        "key": row.key, "reason": row.reason, "received_at": row.received_at.isoformat(timespec="seconds"),
        "payload": json.loads(row.payload),
    }  # fmt: skip
