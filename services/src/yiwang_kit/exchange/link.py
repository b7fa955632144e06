"""One link to one neighbour: the greeting, shipping, the answers to the neighbour, and recovery after a restore.

Every exchange of words is a request and its reply, so either side may vanish at any point; what was agreed stands in
the database or was not agreed. No transaction is open while a reply is awaited.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from sqlalchemy.orm import Session

from yiwang_kit.attachments.files import FileStore
from yiwang_kit.clock import Clock
from yiwang_kit.database import Database
from yiwang_kit.exchange import store
from yiwang_kit.exchange.carrier import Carrier, LinkDown
from yiwang_kit.exchange.contracts import Contracts
from yiwang_kit.exchange.directory import Identity, KeyDirectory
from yiwang_kit.exchange.envelope import BATCH_COUNT_LIMIT
from yiwang_kit.exchange.pulling import Giver, want
from yiwang_kit.exchange.receiving import Entry, OutOfStep, check_origins, incoming, read_batch, store_batch
from yiwang_kit.exchange.sending import entries, fit, next_batch, seal_pending
from yiwang_kit.exchange.signing import NotBelieved, Proof, Verifier
from yiwang_kit.settings import Peer

REQUEST_SECONDS = 10.0
RETURNED_COUNT = 100
REQUEST_LIMIT = 4 * 1024 * 1024


class Fenced(Exception):
    """The neighbour knows a later life of this site: it must enrol again before it may send. 已被隔离。"""


class Diverged(Exception):
    """Both sides' ledgers differ where they should be equal. 账目不一致。"""


class Link:
    """This site's end of the link to one neighbour. 链路。"""

    def __init__(self, *, peer: Peer, identity: Identity, directory: KeyDirectory, database: Database, carrier: Carrier,
                 contracts: Contracts, clock: Clock, files: FileStore | None = None) -> None:  # fmt: skip
        self.peer = peer
        self.identity = identity
        self._directory = directory
        self._database = database
        self._carrier = carrier
        self._contracts = contracts
        self._clock = clock
        self._giver = Giver(peer.site, identity.incarnation, database, files)
        self._position = -1  # how far the neighbour has stored our entries; -1 until it said so

    # Asking -------------------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Make sure that the database knows the neighbour and this incarnation."""
        with self._database.transaction() as session:
            store.ensure_peer(session, self.peer.site, self.identity.incarnation, self._clock.now())

    def step(self) -> int:
        """Greet if needed, number what is new, ship what the neighbour lacks; return how many entries it stored.

        Raises LinkDown, Fenced or Diverged.
        """
        if self._position < 0:
            self.greet()
        with self._database.transaction() as session:
            batch = self._following(session, self._position)
        before = self._position
        while batch is not None:
            batch = self._ship(batch)
        return self._position - before

    def greet(self) -> None:
        """Exchange (incarnation, number, head) with the neighbour, recover if this database was restored."""
        reply = self._ask(self._greeting())
        known = int(reply["peer_incarnation"])
        if known > self.identity.incarnation:
            raise Fenced(
                f"{self.peer.site} 已认识本站点第 {known} 代 / {self.peer.site} knows incarnation {known} of this site"
            )
        with self._database.transaction() as session:
            values = {"peer_incarnation": int(reply["incarnation"]), "contracts": json.dumps(reply["contracts"])}
            store.set_peer(session, self.peer.site, **values)
            row = store.peer_row(session, self.peer.site)
        if row is not None and row.recovering:
            for incarnation in sorted(int(i) for i in reply["received"] if int(i) < self.identity.incarnation):
                self._fetch_lost(incarnation)
            self._recovered(reply["received"])
        self._meet(reply["received"].get(str(self.identity.incarnation), {"seq": 0, "head": ""}))

    def _meet(self, stands: Mapping[str, Any]) -> None:
        seq = int(stands["seq"])
        with self._database.transaction() as session:
            sent, _ = store.last_sent(session, self.peer.site, self.identity.incarnation)
            head = store.head_at(session, "outbox", self.peer.site, self.identity.incarnation, seq)
            if seq > sent:
                raise Fenced(
                    f"{self.peer.site} 存有本站点至 {seq} 的消息，本站点只记得 {sent} / it holds more of ours than we do"
                )
            if seq and head is not None and head.hex() != stands["head"]:
                raise Diverged(f"第 {seq} 条链头不一致 / the chain heads at {seq} differ")
            store.set_peer(session, self.peer.site, acked=seq)
        self._position = seq

    def _ship(self, batch: Mapping[str, Any]) -> dict[str, Any] | None:
        """Ship one batch and note how far the neighbour has stored; return the batch that follows."""
        reply = self._ask(batch)
        stored = int(reply["stored"])
        if stored <= self._position:
            self._position = -1
            raise LinkDown(f"{self.peer.site}: {reply.get('reason') or 'stored nothing'}")
        with self._database.transaction() as session:
            store.set_peer(session, self.peer.site, acked=stored)
            following = self._following(session, stored)
        self._position = stored
        return following

    def _following(self, session: Session, after: int) -> dict[str, Any] | None:
        """Number at most a batch of what is new, so that a long backlog makes no long transaction; return what follows."""
        seal_pending(session, self.peer.site, self.identity)
        return next_batch(session, self.peer.site, self.identity, after)

    def forget_position(self) -> None:
        """Greet again before the next shipment."""
        self._position = -1

    def _greeting(self) -> dict[str, Any]:
        return {"op": "hello", "site": self.identity.site, **self._stand()}

    def _stand(self) -> dict[str, Any]:
        with self._database.transaction() as session:
            row = store.peer_row(session, self.peer.site)
            received = {
                str(i): {"seq": seq, "head": head.hex()}
                for i in store.received_incarnations(session, self.peer.site)
                for seq, head in [store.last_received(session, self.peer.site, i)]
            }
        return {
            "incarnation": self.identity.incarnation,
            "peer_incarnation": int(row.peer_incarnation) if row else 0,
            "received": received,
            "contracts": self._contracts.understood(),
        }

    # Recovery after a restore ---------------------------------------------------------------------------------------

    def _recovered(self, held: Mapping[str, Mapping[str, Any]]) -> None:
        """Renumber what the neighbour never got of earlier lives; what it got is back by now."""
        with self._database.transaction() as session:
            for incarnation in range(1, self.identity.incarnation):
                seq = int(held.get(str(incarnation), {"seq": 0})["seq"])
                store.unseal_after(session, self.peer.site, incarnation, seq)
            store.set_peer(session, self.peer.site, recovering=False)

    def _fetch_lost(self, incarnation: int) -> None:
        with self._database.transaction() as session:
            after, _ = store.last_sent(session, self.peer.site, incarnation)
        while True:
            reply = self._ask({"op": "fetch", "site": self.identity.site, "incarnation": incarnation, "after": after})
            if not reply["entries"]:
                return
            self.take_back(reply["entries"])
            after = int(reply["last"])

    def take_back(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Store envelopes of this site's earlier life that a neighbour returns; each must bear our own signature."""
        verifier = Verifier(self._directory)
        with self._database.transaction() as session:
            rows = []
            for item in items:
                entry = Entry(item["header"], item["payload"], Proof.from_json(item["proof"]))
                verifier.check(entry.header, entry.proof)
                rows.append(incoming(self.peer.site, None, None, entry, None, self._clock.now(), recovered=True))
                want(session, entry.payload, self.peer.site, self._clock.now())
            store.add_incoming(session, rows, recovered=True)

    # Answering ------------------------------------------------------------------------------------------------------

    def answer(self, content: bytes) -> bytes:
        """Answer one request of the neighbour. Raises NotBelieved for what is not its."""
        request = unpack(content)
        if request.get("site") != self.peer.site:
            raise NotBelieved(
                f"请求自称 {request.get('site')} / a request of {request.get('site')} on the edge of {self.peer.site}"
            )
        answers = {"hello": self._on_hello, "batch": self._on_batch, "fetch": self._on_fetch, "heads": self._on_heads,
                   "attachment": self._giver.answer}  # fmt: skip
        respond = answers.get(str(request.get("op")))
        if respond is None:
            raise NotBelieved(f"未知请求 / unknown request {request.get('op')!r}")
        return pack(respond(request))

    def _on_hello(self, request: Mapping[str, Any]) -> dict[str, Any]:
        incarnation = int(request["incarnation"])
        newest = self._directory.newest(self.peer.site)
        if newest is None or incarnation > newest:
            raise NotBelieved(
                f"没有 {self.peer.site} 第 {incarnation} 代的声明 / no statement of incarnation {incarnation}"
            )
        with self._database.transaction() as session:
            store.ensure_peer(session, self.peer.site, self.identity.incarnation, self._clock.now())
            row = store.peer_row(session, self.peer.site)
            known = max(incarnation, int(row.peer_incarnation) if row else 0)
            store.set_peer(session, self.peer.site, peer_incarnation=known, contracts=json.dumps(request["contracts"]))
        return self._stand()

    def _on_batch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        incarnation, first, previous, found = read_batch(request, self.peer.site)
        check_origins(found, peer=self.peer.site, incarnation=incarnation, subtree=self._subtree(),
                      verifier=Verifier(self._directory))  # fmt: skip
        reason = ""
        with self._database.transaction() as session:
            row = store.peer_row(session, self.peer.site)
            if row is not None and incarnation < row.peer_incarnation:
                raise NotBelieved(f"{self.peer.site} 第 {incarnation} 代已被隔离 / incarnation {incarnation} is fenced")
            try:
                store_batch(session, peer=self.peer.site, incarnation=incarnation, first=first, previous=previous,
                            entries=found, now=self._clock.now())  # fmt: skip
            except OutOfStep as out:
                reason = str(out)
            stored, head = store.last_received(session, self.peer.site, incarnation)
            waiting = [str(entry.id) for entry in store.parked(session, self.peer.site)]
        return {"stored": stored, "head": head.hex(), "parked": waiting, "reason": reason}

    def _subtree(self) -> list[str] | None:
        return None if self.peer.relation == "parent" else list(self.peer.subtree)

    def _on_fetch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Hand a restored neighbour what its earlier life had sent here."""
        return self._held(int(request["incarnation"]), int(request["after"]))

    def _held(self, incarnation: int, after: int) -> dict[str, Any]:
        with self._database.transaction() as session:
            rows = fit(store.received_after(session, self.peer.site, incarnation, after, RETURNED_COUNT))
            return {"entries": entries(rows, self.identity), "last": int(rows[-1].seq) if rows else after}

    def _on_heads(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Tell the head of the neighbour's ledger at a number, for finding a difference by bisection."""
        with self._database.transaction() as session:
            head = store.head_at(session, "inbox", self.peer.site, int(request["incarnation"]), int(request["seq"]))
        return {"head": head.hex() if head is not None else None}

    def first_difference(self) -> int | None:
        """Return the first entry that differs between our ledger and the neighbour's copy, by bisection; None if equal."""
        with self._database.transaction() as session:
            row = store.peer_row(session, self.peer.site)
            high = int(row.acked) if row else 0
        if high == 0 or self._same(high):
            return None
        low = 0
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._same(middle) else (low, middle)
        return high

    def _same(self, seq: int) -> bool:
        question = {"op": "heads", "site": self.identity.site, "incarnation": self.identity.incarnation, "seq": seq}
        theirs = self._ask(question)["head"]
        with self._database.transaction() as session:
            ours = store.head_at(session, "outbox", self.peer.site, self.identity.incarnation, seq)
        return ours is not None and theirs == ours.hex()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the neighbour something beside the ledgers. Raises LinkDown."""
        return self._ask({"site": self.identity.site, **request})

    # By hand: the same words, carried on a stick ---------------------------------------------------------------------

    def greeting(self) -> dict[str, Any]:
        """Return what a stick says first, everything committed being numbered; `acked` is for the writer alone."""
        with self._database.transaction() as session:
            row = store.peer_row(session, self.peer.site)
            recovering = row is not None and row.recovering
            lost = {str(i): store.last_sent(session, self.peer.site, i)[0] for i in range(1, self.identity.incarnation)}
        while not recovering and self._seal_page() == BATCH_COUNT_LIMIT:
            pass
        return {**self._greeting(), "recovering": lost if recovering else {}, "acked": int(row.acked) if row else 0}

    def _seal_page(self) -> int:
        with self._database.transaction() as session:
            return seal_pending(session, self.peer.site, self.identity)

    def batches(self, after: int) -> Iterator[dict[str, Any]]:
        """Yield every batch after a number; none while this database has not got back what it lost."""
        while True:
            with self._database.transaction() as session:
                row = store.peer_row(session, self.peer.site)
                waits = row is not None and row.recovering
                batch = None if waits else next_batch(session, self.peer.site, self.identity, after)
            if batch is None:
                return
            yield batch
            after = int(batch["first"]) + len(batch["entries"]) - 1

    def asked_back(self) -> dict[int, int]:
        """Return what the neighbour, restored, asked for on its last stick: after which number of which incarnation."""
        with self._database.transaction() as session:
            row = store.peer_row(session, self.peer.site)
        return {int(i): int(n) for i, n in json.loads(row.asked_back).items()} if row else {}

    def held_after(self, incarnation: int, after: int) -> Iterator[dict[str, Any]]:
        """Yield what the neighbour's earlier life sent here after a number."""
        while (reply := self._held(incarnation, after))["entries"]:
            yield reply
            after = int(reply["last"])

    def stored(self, incarnation: int) -> int:
        """Return how far the neighbour's envelopes of an incarnation are stored here."""
        with self._database.transaction() as session:
            return store.last_received(session, self.peer.site, incarnation)[0]

    def hear(self, hello: Mapping[str, Any]) -> None:
        """Take a greeting from a stick. Raises NotBelieved for a fenced or unknown incarnation, Fenced for our own."""
        with self._database.transaction() as session:
            row = store.peer_row(session, self.peer.site)
        incarnation, known = int(hello["incarnation"]), int(row.peer_incarnation) if row else 0
        if incarnation < known:
            raise NotBelieved(
                f"{self.peer.site} 已是第 {known} 代，此介质出自第 {incarnation} 代 / "
                f"a stick of incarnation {incarnation}; {self.peer.site} is in incarnation {known}"
            )
        if int(hello["peer_incarnation"]) > self.identity.incarnation:
            raise Fenced(f"{self.peer.site} 已认识本站点更新的一代 / it knows a later incarnation of this site")
        self._on_hello(hello)
        with self._database.transaction() as session:
            store.set_peer(session, self.peer.site, asked_back=json.dumps(hello["recovering"]))

    def settle_greeting(self, hello: Mapping[str, Any], *, returned: Set[int]) -> None:
        """Take the acknowledgement in a greeting, once what a restored database lost was returned with it."""
        with self._database.transaction() as session:
            row = store.peer_row(session, self.peer.site)
        held = hello["received"]
        if row is not None and row.recovering:
            if any(int(i) < self.identity.incarnation and int(i) not in returned for i in held):
                return  # written before it knew of our restore: the next one brings what was lost
            self._recovered(held)
        stands = held.get(str(self.identity.incarnation), {"seq": 0, "head": ""})
        newer = row is None or int(stands["seq"]) >= int(row.acked)  # an older stick says less than a newer one did
        if newer or hello["recovering"]:
            self._meet(stands)

    def receive(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Store a batch from a stick as one from the wire."""
        return self._on_batch(batch)

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        reply = unpack(self._carrier.request(self.peer.site, pack(request), timeout=REQUEST_SECONDS))
        if "refused" in reply:
            raise LinkDown(f"{self.peer.site} 拒绝 / refused: {reply['refused']}")
        return reply


def pack(content: Mapping[str, Any]) -> bytes:
    """Return a message as it is carried: JSON, compressed."""
    return zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def unpack(content: bytes) -> dict[str, Any]:
    """Read a message; a bomb stops at REQUEST_LIMIT. Raises NotBelieved for anything that is none."""
    try:
        unzip = zlib.decompressobj()
        plain = unzip.decompress(content, REQUEST_LIMIT)
        if unzip.unconsumed_tail:
            raise NotBelieved(f"消息超过 {REQUEST_LIMIT} 字节 / a message over {REQUEST_LIMIT} bytes")
        message = json.loads(plain)
    except (zlib.error, ValueError, RecursionError) as error:
        raise NotBelieved(f"消息无法解析 / a message that is none: {error}") from error
    if not isinstance(message, dict):
        raise NotBelieved("消息无法解析 / a message that is no object")
    return message
