"""Three sites in one process on real PostgreSQL, joined by a network with weather, for tests that break things.

Each site keeps counters of a toy service: every send increments a number in the sender's transaction and every apply
records it at the receiver, so that what was lost, doubled or reordered is plain arithmetic afterwards.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from support.postgres import Server
from yiwang_kit.attachments import REFERENCES_SCHEMA, Attachment, Attachments
from yiwang_kit.clock import SystemClock
from yiwang_kit.crypto import HybridPrivateKey, HybridPublicKey
from yiwang_kit.database import Database
from yiwang_kit.exchange import Envelope, Exchange, ExchangeReject
from yiwang_kit.exchange.applying import Applier
from yiwang_kit.exchange.carrier import LinkDown, MemoryNetwork
from yiwang_kit.exchange.directory import Identity, MemoryDirectory
from yiwang_kit.exchange.link import Diverged, Fenced
from yiwang_kit.exchange.pulling import Puller
from yiwang_kit.exchange.signing import NotBelieved
from yiwang_kit.settings import HubSettings, parse_settings

TREE = {"440000": (None, ["441700"]), "441700": ("440000", ["441721"]), "441721": ("441700", [])}
SUBTREE = {"441700": ["441721"], "441721": []}
KIND = "kit.lab"
SCHEMA = {"type": "object", "required": ["value"],
          "properties": {"value": {"type": "integer"}, "attachments": REFERENCES_SCHEMA}}  # fmt: skip
QUIET = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])


def settings_of(site: str, folder: Path | None = None, sticks: frozenset[str] = frozenset()) -> HubSettings:
    """Return the settings of one lab site; the links to parents of `sticks` are carried by hand."""
    parent, children = TREE[site]
    peers: list[dict[str, Any]] = []
    if parent:
        peers.append({"site": parent, "relation": "parent", "link": "stick" if site in sticks else "leaf"})
    peers += [
        {"site": c, "relation": "child", "subtree": SUBTREE[c], "link": "stick" if c in sticks else "leaf"}
        for c in children
    ]
    return parse_settings({
        "schema": 1, "site": {"id": site, "code": site, "name": site, "tier": "city", "parent": parent, "children": children},
        "release": "lab", "listen": {"host": "127.0.0.1", "port": 1}, "public_url": "http://lab",
        "database": {"host": "-", "port": 1, "password_file": "-"}, "services": [], "secrets_dir": "-",
        "attachments_dir": str(folder / site) if folder else None, "attachments": {"bytes_per_second": 2**30},
        "exchange": {"peers": peers, "poll_seconds": 0.05},
    })  # fmt: skip


@dataclass
class Site:
    """One site of the lab: its database, its exchange without threads, and its toy ledger."""

    name: str
    database_name: str
    database: Database
    exchange: Exchange
    applier: Applier
    refuse: set[int] = field(default_factory=set)
    attachments: Attachments = field(init=False)
    puller: Puller | None = None

    def send(self, to: str, key: str, value: int, *, files: Sequence[bytes] = ()) -> None:
        """Send one number as a service would: domain row, files and envelope in one transaction."""
        with self.database.transaction() as session:
            lock = int.from_bytes(f"{self.name}{to}{key}".encode()[-8:], "big", signed=True)
            session.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": lock})
            session.execute(_SENT, {"peer": to, "key": key, "value": value})
            made = [
                self.attachments.put(session, io.BytesIO(file), name="现场.jpg", service="kit", object_type="order",
                                     object_id=key, actor="tester")
                for file in files
            ]  # fmt: skip
            named = {"attachments": [item.reference() for item in made]} if made else {}
            self.exchange.send(session, to=to, kind=KIND, key=key, payload={"value": value, **named})

    def files_of(self, key: str) -> list[Attachment]:
        """Return the attachments of an order here."""
        with self.database.transaction() as session:
            return self.attachments.of(session, "kit", "order", key)

    def received(self, origin: str, *, recovered: bool = False) -> dict[str, list[int]]:
        """Return the numbers applied from an origin, by key, in the order they were applied."""
        with self.database.transaction() as session:
            rows = session.execute(_RECEIVED, {"peer": origin, "recovered": recovered}).all()
        found: dict[str, list[int]] = {}
        for row in rows:
            found.setdefault(row.key, []).append(row.value)
        return found

    def sent(self, to: str) -> dict[str, list[int]]:
        """Return the numbers sent to a site, by key, in order."""
        with self.database.transaction() as session:
            rows = session.execute(
                text("SELECT key, value FROM kit.lab_sent WHERE peer = :p ORDER BY ordinal"), {"p": to}
            )
            found: dict[str, list[int]] = {}
            for row in rows:
                found.setdefault(row.key, []).append(row.value)
        return found


_SENT = text("INSERT INTO kit.lab_sent (peer, key, value) VALUES (:peer, :key, :value)")
_RECEIVED = text(
    "SELECT key, value FROM kit.lab_received WHERE peer = :peer AND recovered = :recovered ORDER BY ordinal"
)
TABLES = (
    "CREATE TABLE kit.lab_sent (ordinal bigint GENERATED ALWAYS AS IDENTITY, peer text, key text, value int)",
    "CREATE TABLE kit.lab_received (ordinal bigint GENERATED ALWAYS AS IDENTITY, peer text, key text, value int, recovered bool)",
    "GRANT ALL ON ALL TABLES IN SCHEMA kit TO kit",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA kit TO kit",
)


EMPTIED = (
    "outbox", "inbox", "exchange_peer", "attachment_offer", "attachment", "attachment_file", "lab_sent", "lab_received",
)  # fmt: skip


class Killed(BaseException):
    """A process that ends in the middle of its work; nothing in it may catch this."""


class Ground:
    """Three databases that many labs use one after the other: a seed costs its story, not its setting-up."""

    def __init__(self, server: Server, template: str) -> None:
        self.server = server
        self.databases = {site: Database(server.url(fresh_database(server, template))) for site in TREE}
        self.keys = {(site, 1): HybridPrivateKey.generate() for site in TREE}

    def empty(self) -> None:
        """Forget what the lab before wrote."""
        for database in self.databases.values():
            with database.engine.begin() as connection:
                for table in EMPTIED:
                    connection.execute(text(f"DELETE FROM kit.{table}"))

    def close(self) -> None:
        """Close the connections; the databases go with their server."""
        for database in self.databases.values():
            database.dispose()


class Lab:
    """Three sites, a network, and ways to break both."""

    def __init__(self, server: Server, template: str, *, folder: Path | None = None, sticks: Iterable[str] = (),
                 ground: Ground | None = None) -> None:  # fmt: skip
        self._server = server
        self._folder, self._sticks = folder, frozenset(sticks)
        self.network = MemoryNetwork()
        self.incarnations = dict.fromkeys(TREE, 1)
        self.keys = dict(ground.keys) if ground else {(site, 1): HybridPrivateKey.generate() for site in TREE}
        self._kept = set(ground.databases.values()) if ground else set()
        databases = (
            ground.databases if ground else {s: self._open_database(fresh_database(server, template)) for s in TREE}
        )
        self.sites = {site: self._open(site, databases[site]) for site in TREE}

    def __getitem__(self, site: str) -> Site:
        return self.sites[site]

    def close(self) -> None:
        """Drop every database but the ground's."""
        for site in self.sites.values():
            self._discard(site)

    def crash_hub(self, name: str) -> None:
        """Replace a site's process: everything in memory is gone, the database stays."""
        old = self.sites[name]
        self.network.attach(name, None)
        self.sites[name] = self._open(name, old.database, refuse=old.refuse)

    def crash_postgres(self) -> None:
        """Kill the database server as a power cut would, and start it again."""
        self._server.kill()
        self._server.start()

    def backup(self, name: str) -> str:
        """Copy a site's database as it stands; return the copy's name."""
        self.sites[name].database.dispose()
        return self._server.create(self.sites[name].database_name)

    def restore(self, name: str, copy: str) -> None:
        """Put an older copy in a site's place and enrol it again as a new incarnation."""
        old = self.sites[name]
        self.network.attach(name, None)
        self._discard(old)
        self.incarnations[name] += 1
        self.keys[name, self.incarnations[name]] = HybridPrivateKey.generate()
        self.sites[name] = self._open(name, self._open_database(copy), refuse=old.refuse)
        for other in TREE:
            if other != name:
                self.crash_hub(other)

    def step(self, name: str) -> int:
        """Let one site ship and apply once; a dead link or database is no failure of the test."""
        site, moved = self.sites[name], 0
        try:
            moved += site.applier.run()
            linked = [peer.site for peer in site.exchange.neighbours() if peer.link == "leaf"]
            moved += sum(self._ship(site, peer) for peer in linked)
            moved += int(site.puller is not None and site.puller.work())
        except DBAPIError:
            site.database.dispose()
        except Killed:
            self.crash_hub(name)
        return moved

    def _ship(self, site: Site, peer: str) -> int:
        link = site.exchange.link(peer)
        try:
            return link.step()
        except (LinkDown, NotBelieved):
            link.forget_position()
        except (Fenced, Diverged) as error:
            raise AssertionError(f"{site.name} → {peer}: {error}") from error
        return 0

    def settle(self, rounds: int = 60) -> None:
        """Let every site work until nothing moves any more."""
        for _ in range(rounds):
            if sum(self.step(name) for name in TREE) == 0:
                return
        raise AssertionError("the exchange does not come to rest")

    def _open_database(self, name: str) -> Database:
        return Database(self._server.url(name))

    def _discard(self, site: Site) -> None:
        if site.database not in self._kept:
            site.database.dispose()
            self._server.drop(site.database_name)

    def _open(self, name: str, database: Database, refuse: set[int] | None = None) -> Site:
        clock = SystemClock()
        settings = settings_of(name, self._folder, self._sticks)
        directory = MemoryDirectory(self._identity(name), self._public_keys())
        exchange = Exchange(settings, database, clock=clock, log=QUIET, directory=directory)
        site = Site(
            name,
            str(database.engine.url.database),
            database,
            exchange,
            exchange.applier,
            refuse if refuse is not None else set(),
        )
        exchange.register(KIND, {1: SCHEMA}, handler_of(site))
        site.attachments = Attachments(settings, clock)
        if self._folder is not None:
            linked = [peer.site for peer in exchange.neighbours() if peer.link == "leaf"]
            site.puller = exchange.puller(linked, site.attachments.files)
        carrier = self.network.carrier(name)
        exchange.open_links(carrier)
        carrier.open(exchange.answer)  # no threads: nothing moves but by the test's hand
        return site

    def _identity(self, name: str) -> Identity:
        incarnation = self.incarnations[name]
        return Identity(name, incarnation, self.keys[name, incarnation])

    def _public_keys(self) -> dict[tuple[str, int], HybridPublicKey]:
        return {place: key.public_key() for place, key in self.keys.items()}


def handler_of(site: Site) -> Callable[[Session, Envelope], None]:
    """Return the toy service's handler: record the number, or refuse it when told to."""

    def handle(session: Session, envelope: Envelope) -> None:
        value = envelope.payload["value"]
        if value in site.refuse:
            raise ExchangeReject(f"told to refuse {value}")
        row = {"peer": envelope.origin, "key": envelope.key, "value": value, "recovered": envelope.recovered}
        site.attachments.expect(session, envelope.payload.get("attachments", []), service="kit", object_type="order",
                                object_id=envelope.key, origin=envelope.origin)  # fmt: skip
        session.execute(
            text("INSERT INTO kit.lab_received (peer, key, value, recovered) VALUES (:peer, :key, :value, :recovered)"),
            row,
        )

    return handle


def fresh_database(server: Server, template: str) -> str:
    """Make a database with the kit's and the toy service's tables; return its name."""
    name = server.create(template)
    database = Database(server.url(name))
    with database.engine.begin() as connection:
        for statement in TABLES:
            connection.execute(text(statement))
    database.dispose()
    return name


class Weather:
    """Drops, doubles and delays what a network carries, and kills who sends, by a seeded chance."""

    def __init__(self, chance: random.Random, *, drop: float, double: float, late: float, kill: float = 0.0) -> None:
        self._chance = chance
        self._drop, self._double, self._late, self._kill = drop, double, late, kill
        self._held: list[tuple[Callable[[bytes], bytes], bytes]] = []

    def __call__(self, sender: str, receiver: str, content: bytes, reach: Callable[[bytes], bytes]) -> bytes:
        del sender, receiver
        self._release()
        self._maybe_kill()
        if self._chance.random() < self._drop:
            raise LinkDown("lost on the way there")
        if self._chance.random() < self._late:
            self._held.append((reach, content))
            raise LinkDown("late")
        reply = reach(content)
        if self._chance.random() < self._double:
            reach(content)
        self._maybe_kill()
        if self._chance.random() < self._drop:
            raise LinkDown("the reply was lost")
        return reply

    def _maybe_kill(self) -> None:
        """End the sender's process between what the database holds and what the neighbour holds."""
        if self._chance.random() < self._kill:
            raise Killed

    def _release(self) -> None:
        """Deliver something late, out of order, to whoever is there now."""
        if self._held and self._chance.random() < 0.5:
            reach, content = self._held.pop(self._chance.randrange(len(self._held)))
            try:
                reach(content)
            except (LinkDown, DBAPIError):
                return


def ledgers_are_equal(lab: Lab) -> list[str]:
    """Return which links' heads differ between both sides; nothing when all are equal."""
    from yiwang_kit.exchange import store

    different = []
    for name, (parent, children) in TREE.items():
        for peer in [*([parent] if parent else []), *children]:
            incarnation = lab.incarnations[name]
            with lab[name].database.transaction() as session:
                ours: Any = store.last_sent(session, peer, incarnation)
            with lab[peer].database.transaction() as session:
                theirs = store.last_received(session, name, incarnation)
            if ours != theirs:
                different.append(f"{name} → {peer}: {ours[0]} / {theirs[0]}")
    return different
