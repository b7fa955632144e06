"""The exchange as a service sees it: register what you understand, send in your own transaction, and that is all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from yiwang_kit.attachments.files import FileStore
from yiwang_kit.clock import Clock
from yiwang_kit.crypto import canonical_json
from yiwang_kit.database import Database
from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import links, pulling, store
from yiwang_kit.exchange.applying import Applier
from yiwang_kit.exchange.carrier import Carrier, NoCarrier
from yiwang_kit.exchange.carrying import Courier
from yiwang_kit.exchange.contracts import Contract, Contracts, Handler, first_sent
from yiwang_kit.exchange.directory import FileDirectory, KeyDirectory
from yiwang_kit.exchange.envelope import ENVELOPE_LIMIT, EnvelopeTooLarge, Unrouted
from yiwang_kit.exchange.link import Link, pack
from yiwang_kit.exchange.links import LinkStatus
from yiwang_kit.exchange.parking import Parking
from yiwang_kit.exchange.pulling import Puller
from yiwang_kit.exchange.relay import Locks, Shipper, Worker
from yiwang_kit.exchange.signing import NotBelieved
from yiwang_kit.ids import uuid7
from yiwang_kit.settings import HubSettings, Peer

if TYPE_CHECKING:
    from fastapi import APIRouter

HEADER_ALLOWANCE = 1024
"""Bytes that a header may take beside its payload within ENVELOPE_LIMIT."""


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
        self._files = FileStore(settings.attachments_dir) if settings.attachments_dir else None
        self._links: dict[str, Link] = {}
        self._locks = Locks(database)
        self._shippers: dict[str, Worker] = {}
        self._others: dict[str, Worker] = {}
        self._ending = threading.Event()
        self.applier = Applier(settings.site.id, database, self.contracts, self._route_or_reject, clock, log)
        self.parking = Parking(database, self.contracts, self.route, clock, log)

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
        pulling.offer(session, content, peer, envelope)
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
        carrier = self._carrier or self._nats()
        self.open_links(carrier)
        linked = [peer.site for peer in self.neighbours() if peer.link == "leaf"]
        for site in linked:
            shipper = Shipper(self._links[site], self._database, self._clock, self._log)
            self._shippers[site] = self._worker(f"ship:{site}", shipper.work)
        self._others["apply"] = self._worker("apply", self._apply_work)
        if self._files is not None and linked:
            self._others["pull"] = self._worker("pull", self.puller(linked, self._files).work)
        carrier.open(self.answer)
        for worker in self._workers():
            worker.start()

    def open_links(self, carrier: Carrier) -> None:
        """Make this site's end of every link, without a thread: a command that reads and writes a stick needs no more."""
        self._carrier = carrier
        directory = self._directory or FileDirectory(self._identity_folder(), self.settings.site.id)
        identity = directory.identity()
        for peer in self.neighbours():
            link = Link(peer=peer, identity=identity, directory=directory, database=self._database, carrier=carrier,
                        contracts=self.contracts, clock=self._clock, files=self._files)  # fmt: skip
            link.remember()
            self._links[peer.site] = link

    def courier(self) -> Courier:
        """Return what reads and writes sticks, on links opened without a carrier."""
        if not self._links:
            self.open_links(NoCarrier())
        directory = self._directory or FileDirectory(self._identity_folder(), self.settings.site.id)
        return Courier(self._links, self._database, directory, self._files, self._clock)

    def puller(self, sites: Sequence[str], files: FileStore) -> Puller:
        """Return what fetches attachments from these neighbours."""
        return Puller(sites, self._database, files, lambda site, request: self._links[site].ask(request), self._clock,
                      bytes_per_second=self.settings.attachments.bytes_per_second, wait=self._ending.wait,
                      log=self._log)  # fmt: skip

    def stop(self) -> None:
        """Stop the threads, then the carrier."""
        self._ending.set()
        for worker in self._workers():
            worker.stop()
        self._shippers.clear()
        self._others.clear()
        self._locks.close()
        if self._carrier is not None:
            self._carrier.close()

    def _workers(self) -> list[Worker]:
        return [*self._shippers.values(), *self._others.values()]

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
        self._wake("apply")
        return reply

    def wake(self) -> None:
        """Look for work now."""
        for worker in self._workers():
            worker.wake()

    def retry(self, session: Session, envelope: UUID, *, actor: str, reason: str = "") -> None:
        """Let a parked envelope be applied again, on the trail. Raises NotFound where it is not parked."""
        self._wake_later(session)
        self.parking.retry(session, envelope, actor=actor, reason=reason)

    def skip(self, session: Session, envelope: UUID, *, actor: str, reason: str) -> None:
        """Never apply a parked envelope, on the trail; those behind it go on. Raises NotFound where it is not parked."""
        self._wake_later(session)
        self.parking.skip(session, envelope, actor=actor, reason=reason)

    def router(self) -> APIRouter:
        """Return the HTTP routes under /api/exchange/v1."""
        from yiwang_kit.exchange.http import router

        return router(self)

    def _wake_later(self, session: Session) -> None:
        if self._others:
            event.listen(session, "after_commit", lambda _: self.wake(), once=True)

    def _wake(self, name: str) -> None:
        worker = self._others.get(name)
        if worker is not None:
            worker.wake()

    def _apply_work(self) -> bool:
        self.parking.look_again()
        settled = self.applier.run()
        if settled:
            for worker in (*self._shippers.values(), *(self._others[n] for n in ("pull",) if n in self._others)):
                worker.wake()
        return settled > 0

    def _route_or_reject(self, destination: str) -> str:
        try:
            return self.route(destination)
        except NotFound as error:
            raise Unrouted(error.detail) from error

    def _worker(self, name: str, work: Callable[[], bool]) -> Worker:
        return Worker(name, self._locks, work, poll=self.settings.exchange.poll_seconds, log=self._log)

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

        peers = [peer for peer in self.neighbours() if peer.link == "leaf"]
        return NatsCarrier(self.settings.site.id, peers, self._log) if peers else NoCarrier()
