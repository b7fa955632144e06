"""The ledgers' SQL in one place: small statements that PostgreSQL-family databases share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from yiwang_kit.exchange.envelope import GENESIS
from yiwang_kit.memo import forget, kept

Row = Any
PEER = "exchange.peer"


def add_outgoing(session: Session, row: Mapping[str, Any]) -> None:
    """Write one outbox row, without a number: numbers are given to committed rows only."""
    session.execute(_ADD_OUTGOING, dict(row))


_ADD_OUTGOING = text(
    "INSERT INTO kit.outbox (id, peer, origin, destination, incarnation, n, kind, version, key, payload, proof, created_at) "
    "VALUES (:id, :peer, :origin, :destination, :incarnation, :n, :kind, :version, :key, :payload, :proof, :created_at)"
)


def unsealed(session: Session, peer: str, limit: int) -> Sequence[Row]:
    """Return committed rows to a peer that have no number yet, in the order they were written."""
    return session.execute(_UNSEALED, {"peer": peer, "limit": limit}).all()


_UNSEALED = text("SELECT * FROM kit.outbox WHERE peer = :peer AND seq IS NULL ORDER BY ordinal LIMIT :limit")


def seal(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Give rows their numbers and heads."""
    if rows:
        session.execute(_SEAL, list(rows))


_SEAL = text(
    "UPDATE kit.outbox SET link_incarnation = :link_incarnation, seq = :seq, head = :head, incarnation = :incarnation, "
    "n = :n WHERE ordinal = :ordinal"
)


def last_sent(session: Session, peer: str, incarnation: int) -> tuple[int, bytes]:
    """Return number and head of the newest sealed entry to a peer in an incarnation."""
    row = session.execute(_LAST_SENT, {"peer": peer, "incarnation": incarnation}).first()
    return (int(row.seq), bytes(row.head)) if row else (0, GENESIS)


_LAST_SENT = text(
    "SELECT seq, head FROM kit.outbox WHERE peer = :peer AND link_incarnation = :incarnation ORDER BY seq DESC LIMIT 1"
)


def last_received(session: Session, peer: str, incarnation: int) -> tuple[int, bytes]:
    """Return number and head of the newest stored entry from a peer's incarnation."""
    row = session.execute(_LAST_RECEIVED, {"peer": peer, "incarnation": incarnation}).first()
    return (int(row.seq), bytes(row.head)) if row else (0, GENESIS)


_LAST_RECEIVED = text(
    "SELECT seq, head FROM kit.inbox WHERE peer = :peer AND link_incarnation = :incarnation ORDER BY seq DESC LIMIT 1"
)


def head_at(session: Session, table: str, peer: str, incarnation: int, seq: int) -> bytes | None:
    """Return the head after entry `seq` of one ledger (`outbox` or `inbox`), or None where it is not there."""
    if seq == 0:
        return GENESIS
    query = {"outbox": _HEAD_SENT, "inbox": _HEAD_RECEIVED}[table]
    head = session.execute(query, {"peer": peer, "incarnation": incarnation, "seq": seq}).scalar()
    return bytes(head) if head is not None else None


_HEAD_SENT = text("SELECT head FROM kit.outbox WHERE peer = :peer AND link_incarnation = :incarnation AND seq = :seq")
_HEAD_RECEIVED = text(
    "SELECT head FROM kit.inbox WHERE peer = :peer AND link_incarnation = :incarnation AND seq = :seq"
)


def sealed_after(session: Session, peer: str, incarnation: int, seq: int, limit: int) -> Sequence[Row]:
    """Return sealed entries after a number, in order."""
    return session.execute(_SEALED, {"peer": peer, "incarnation": incarnation, "seq": seq, "limit": limit}).all()


_SEALED = text(
    "SELECT * FROM kit.outbox WHERE peer = :peer AND link_incarnation = :incarnation AND seq > :seq ORDER BY seq LIMIT :limit"
)


def received_after(session: Session, peer: str, incarnation: int, seq: int, limit: int) -> Sequence[Row]:
    """Return stored entries of a peer's incarnation after a number, in order."""
    return session.execute(_RECEIVED, {"peer": peer, "incarnation": incarnation, "seq": seq, "limit": limit}).all()


_RECEIVED = text(
    "SELECT * FROM kit.inbox WHERE peer = :peer AND link_incarnation = :incarnation AND seq > :seq ORDER BY seq LIMIT :limit"
)


def received_incarnations(session: Session, peer: str) -> list[int]:
    """Return the incarnations of a peer from which entries are stored."""
    query = text("SELECT DISTINCT link_incarnation FROM kit.inbox WHERE peer = :peer AND seq IS NOT NULL ORDER BY 1")
    return [int(value) for value in session.execute(query, {"peer": peer}).scalars()]


def known(session: Session, envelopes: Sequence[UUID], *, recovered: bool) -> set[UUID]:
    """Return which envelopes are stored already, whatever number they came under."""
    values = {"ids": list(envelopes), "recovered": recovered}
    return set(session.execute(_KNOWN, values).scalars()) if envelopes else set()


_KNOWN = text("SELECT id FROM kit.inbox WHERE id IN :ids AND recovered = :recovered").bindparams(
    bindparam("ids", expanding=True)
)


def add_incoming(session: Session, rows: Sequence[Mapping[str, Any]], *, recovered: bool = False) -> None:
    """Store inbox rows; one whose place in the ledger is taken already changes nothing.

    An envelope that is known under another number keeps its place in the ledger, as a duplicate that nobody applies.
    """
    seen = known(session, [row["id"] for row in rows], recovered=recovered)
    told = []
    for row in rows:
        told.append({**row, "state": "duplicate"} if row["id"] in seen else dict(row))
        seen.add(row["id"])
    if told:
        session.execute(_ADD_INCOMING, told)


_ADD_INCOMING = text(
    "INSERT INTO kit.inbox (id, peer, link_incarnation, seq, head, origin, destination, incarnation, n, kind, version, key, "
    "payload, proof, created_at, received_at, state, recovered) VALUES (:id, :peer, :link_incarnation, :seq, :head, :origin, "
    ":destination, :incarnation, :n, :kind, :version, :key, :payload, :proof, :created_at, :received_at, :state, :recovered) "
    "ON CONFLICT DO NOTHING"
)


def waiting(session: Session, limit: int) -> Sequence[Row]:
    """Return entries to apply, in order, without those that wait behind a parked one of their ordering key."""
    return session.execute(_WAITING, {"limit": limit}).all()


_WAITING = text(
    "SELECT i.* FROM kit.inbox i WHERE i.state = 'stored' AND NOT EXISTS (SELECT 1 FROM kit.inbox p "
    "WHERE p.state = 'parked' AND p.key = i.key AND p.ordinal < i.ordinal) ORDER BY i.ordinal LIMIT :limit"
)


def claim(session: Session, ordinals: Sequence[int]) -> int:
    """Lock entries that are still to be applied; return how many there are."""
    return len(session.execute(_CLAIM, {"ordinals": list(ordinals)}).all())


_CLAIM = text(
    "SELECT ordinal FROM kit.inbox WHERE ordinal IN :ordinals AND state = 'stored' ORDER BY ordinal FOR UPDATE"
).bindparams(bindparam("ordinals", expanding=True))


def settle_all(session: Session, states: Sequence[tuple[int, str]], at: datetime) -> None:
    """Set the states of entries that went well."""
    session.execute(_SETTLE, [
        {"ordinal": ordinal, "state": state, "reason": "", "cause": "", "at": at} for ordinal, state in states
    ])  # fmt: skip


_SETTLE = text(
    "UPDATE kit.inbox SET state = :state, reason = :reason, cause = :cause, applied_at = :at, attempts = attempts + 1 "
    "WHERE ordinal = :ordinal"
)


def settle(session: Session, ordinal: int, state: str, *, reason: str = "", cause: str = "",
           at: datetime | None = None) -> None:  # fmt: skip
    """Set an entry's state: applied, forwarded, parked, skipped, or stored again."""
    session.execute(_SETTLE, {"ordinal": ordinal, "state": state, "reason": reason, "cause": cause, "at": at})


def parked(session: Session, peer: str | None = None, limit: int = 200) -> Sequence[Row]:
    """Return parked entries, oldest first."""
    where = "" if peer is None else "AND peer = :peer "
    query = text(f"SELECT * FROM kit.inbox WHERE state = 'parked' {where}ORDER BY ordinal LIMIT :limit")  # noqa: S608
    return session.execute(query, {"limit": limit} | ({} if peer is None else {"peer": peer})).all()


def peer_row(session: Session, site: str) -> Row | None:
    """Return what is remembered of a peer."""
    return session.execute(text("SELECT * FROM kit.exchange_peer WHERE site = :site"), {"site": site}).first()


def ensure_peer(session: Session, site: str, incarnation: int, now: datetime) -> None:
    """Remember a peer; a higher own incarnation than remembered means that this database was restored."""
    session.execute(
        text(
            "INSERT INTO kit.exchange_peer (site, own_incarnation, since) VALUES (:site, :incarnation, :now) "
            "ON CONFLICT (site) DO NOTHING"
        ),
        {"site": site, "incarnation": incarnation, "now": now},
    )
    session.execute(
        text(
            "UPDATE kit.exchange_peer SET own_incarnation = :incarnation, acked = 0, recovering = true "
            "WHERE site = :site AND own_incarnation < :incarnation"
        ),
        {"site": site, "incarnation": incarnation},
    )


def set_peer(session: Session, site: str, **values: Any) -> None:
    """Update what is remembered of a peer."""
    forget(session, (PEER, site))
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    session.execute(text(f"UPDATE kit.exchange_peer SET {assignments} WHERE site = :site"), {"site": site, **values})  # noqa: S608


def peer_contracts(session: Session, site: str) -> dict[str, list[int]]:
    """Return what a peer last said it understands."""
    row = kept(session, (PEER, site), lambda: peer_row(session, site))
    return dict(json.loads(row.contracts)) if row else {}


def unseal_after(session: Session, peer: str, incarnation: int, seq: int) -> int:
    """Take the numbers of an older incarnation off entries that the peer never stored; return how many.

    What this site sent of its own gets a new header, too; what it forwarded keeps the origin's.
    """
    result = session.execute(
        text(
            "UPDATE kit.outbox SET link_incarnation = NULL, seq = NULL, head = NULL, "
            "n = CASE WHEN proof IS NULL THEN NULL ELSE n END, "
            "incarnation = CASE WHEN proof IS NULL THEN NULL ELSE incarnation END "
            "WHERE peer = :peer AND link_incarnation = :incarnation AND seq > :seq RETURNING 1"
        ),
        {"peer": peer, "incarnation": incarnation, "seq": seq},
    )
    return len(result.all())


def curable(session: Session) -> Sequence[Row]:
    """Return what is parked for a cause that passes by itself, one row a kind, version and destination."""
    return session.execute(_CURABLE).all()


_CURABLE = text(
    "SELECT cause, kind, version, destination, count(*) AS envelopes FROM kit.inbox WHERE state = 'parked' "
    "AND cause IN ('unknown', 'unrouted') GROUP BY cause, kind, version, destination"
)


def unpark_alike(session: Session, row: Row) -> int:
    """Let every envelope parked for the same cause, kind, version and destination be applied again."""
    values = {"cause": row.cause, "kind": row.kind, "version": row.version, "destination": row.destination}
    return len(session.execute(_UNPARK_ALIKE, values).all())


_UNPARK_ALIKE = text(
    "UPDATE kit.inbox SET state = 'stored', reason = '', cause = '' WHERE state = 'parked' AND cause = :cause "
    "AND kind = :kind AND version = :version AND destination = :destination RETURNING 1"
)


def behind(session: Session, peer: str, incarnation: int) -> int:
    """Return how many envelopes to a peer it has not stored yet."""
    return int(session.execute(_BEHIND, {"peer": peer, "incarnation": incarnation}).scalar_one())


_BEHIND = text(
    "SELECT count(*) FROM kit.outbox o JOIN kit.exchange_peer p ON p.site = o.peer WHERE o.peer = :peer "
    "AND (o.seq IS NULL OR (o.link_incarnation = :incarnation AND o.seq > p.acked))"
)


def retry_state(session: Session, envelope_id: UUID, state: str, reason: str) -> Row | None:
    """Move a parked entry to another state; None where it is not parked."""
    query = text(
        "UPDATE kit.inbox SET state = :state, reason = :reason WHERE id = :id AND state = 'parked' RETURNING ordinal, peer, kind"
    )
    return session.execute(query, {"id": envelope_id, "state": state, "reason": reason}).first()
