"""The attachments' SQL in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit.attachments.records import Attachment, Progress, Reference

_SELECT = (
    "SELECT a.id, a.digest, f.size, f.media_type, a.name, a.service, a.object_type, a.object_id, a.created_at, "
    "a.created_by, f.here FROM kit.attachment a JOIN kit.attachment_file f ON f.digest = a.digest "
)
_OF = text(
    _SELECT + "WHERE a.service = :service AND a.object_type = :object_type AND a.object_id = :object_id ORDER BY a.id"
)
_GET = text(_SELECT + "WHERE a.id = :id")


def add_file(session: Session, reference: Reference, *, here: bool, peer: str | None, now: datetime) -> None:
    """Note a file; bytes that are here make an awaited one arrived."""
    row = {"digest": reference.digest, "size": reference.size, "kind": reference.media_type, "here": here,
           "peer": peer, "now": now, "received": reference.size if here else 0}  # fmt: skip
    session.execute(_ADD_FILE, row)
    if here:
        arrived(session, reference.digest)


_ADD_FILE = text(
    "INSERT INTO kit.attachment_file (digest, size, media_type, here, peer, since, try_at, received) "
    "VALUES (:digest, :size, :kind, :here, :peer, :now, :now, :received) ON CONFLICT DO NOTHING"
)


def arrived(session: Session, digest: str) -> None:
    """Note that a file is whole."""
    session.execute(_ARRIVED, {"digest": digest})


_ARRIVED = text(
    "UPDATE kit.attachment_file SET here = true, received = size, last_error = '' WHERE digest = :digest AND NOT here"
)


def add(session: Session, row: Mapping[str, Any]) -> None:
    """Note what a file belongs to; a repeat changes nothing."""
    session.execute(_ADD, dict(row))


_ADD = text(
    "INSERT INTO kit.attachment (id, digest, name, service, object_type, object_id, origin, created_at, created_by) "
    "VALUES (:id, :digest, :name, :service, :object_type, :object_id, :origin, :created_at, :created_by) "
    "ON CONFLICT DO NOTHING"
)


def get(session: Session, attachment: UUID) -> Attachment | None:
    """Return one attachment."""
    row = session.execute(_GET, {"id": attachment}).first()
    return Attachment(*row) if row else None


def of(session: Session, service: str, object_type: str, object_id: str) -> list[Attachment]:
    """Return what belongs to an object, oldest first."""
    place = {"service": service, "object_type": object_type, "object_id": object_id}
    return [Attachment(*row) for row in session.execute(_OF, place)]


def progress(session: Session, service: str, object_type: str, object_id: str) -> Progress:
    """Return how much of an object's attachments is here."""
    place = {"service": service, "object_type": object_type, "object_id": object_id}
    row = session.execute(_PROGRESS, place).one()
    return Progress(int(row.total - row.missing), int(row.total), row.since)


_PROGRESS = text(
    "SELECT count(*) AS total, coalesce(sum(CASE WHEN f.here THEN 0 ELSE 1 END), 0) AS missing, "
    "min(CASE WHEN f.here THEN NULL ELSE f.since END) AS since FROM kit.attachment a "
    "JOIN kit.attachment_file f ON f.digest = a.digest "
    "WHERE a.service = :service AND a.object_type = :object_type AND a.object_id = :object_id"
)


def used(session: Session) -> int:
    """Return the bytes of every file, awaited ones included: they will need their place."""
    return int(session.execute(text("SELECT coalesce(sum(size), 0) FROM kit.attachment_file")).scalar_one())


def file_row(session: Session, digest: str) -> Any | None:
    """Return what is noted of a file."""
    query = text("SELECT * FROM kit.attachment_file WHERE digest = :digest")
    return session.execute(query, {"digest": digest}).first()


def known(session: Session, digest: str) -> bool:
    """Return whether any record names a file."""
    query = text("SELECT 1 FROM kit.attachment_file WHERE digest = :digest")
    return session.execute(query, {"digest": digest}).first() is not None


# Between sites --------------------------------------------------------------------------------------------------------


def offer(session: Session, peer: str, digests: Sequence[str], envelope: UUID) -> None:
    """Let a neighbour fetch files, because an envelope to it names them."""
    for digest in digests:
        session.execute(_OFFER, {"peer": peer, "digest": digest, "envelope": envelope})


_OFFER = text(
    "INSERT INTO kit.attachment_offer (peer, digest, envelope) VALUES (:peer, :digest, :envelope) "
    "ON CONFLICT (peer, digest) DO UPDATE SET envelope = :envelope, delivered = false"
)


def may_fetch(session: Session, peer: str, digest: str) -> bool:
    """Return whether a neighbour may have a file: it was offered, or came from it."""
    return session.execute(_MAY_FETCH, {"peer": peer, "digest": digest}).first() is not None


_MAY_FETCH = text(
    "SELECT 1 FROM kit.attachment_offer WHERE peer = :peer AND digest = :digest "
    "UNION ALL SELECT 1 FROM kit.attachment_file WHERE peer = :peer AND digest = :digest"
)


def next_awaited(session: Session, peers: Sequence[str], now: datetime) -> Any | None:
    """Return the file that has waited longest and may be tried now."""
    for peer in peers:
        row = session.execute(_NEXT, {"peer": peer, "now": now}).first()
        if row is not None:
            return row
    return None


_NEXT = text(
    "SELECT * FROM kit.attachment_file WHERE peer = :peer AND NOT here AND try_at <= :now ORDER BY since LIMIT 1"
)


def came(session: Session, digest: str, received: int) -> None:
    """Note how far a file has come."""
    session.execute(
        text("UPDATE kit.attachment_file SET received = :received, last_error = '' WHERE digest = :digest"),
        {"digest": digest, "received": received},
    )


def later(session: Session, digest: str, reason: str, now: datetime, pause: timedelta) -> None:
    """Try a file again after a pause, and say why."""
    session.execute(
        text("UPDATE kit.attachment_file SET last_error = :reason, try_at = :at WHERE digest = :digest"),
        {"digest": digest, "reason": reason[:500], "at": now + pause},
    )


def awaited(session: Session, peer: str) -> tuple[int, int, datetime | None]:
    """Return how many files are awaited from a neighbour, how many bytes are missing, and since when."""
    row = session.execute(_AWAITED, {"peer": peer}).one()
    return int(row.files), int(row.missing), row.since


_AWAITED = text(
    "SELECT count(*) AS files, coalesce(sum(size - received), 0) AS missing, min(since) AS since "
    "FROM kit.attachment_file WHERE peer = :peer AND NOT here"
)


def awaited_digests(session: Session, peer: str) -> list[str]:
    """Return what is awaited from a neighbour, in order."""
    query = text("SELECT digest FROM kit.attachment_file WHERE peer = :peer AND NOT here ORDER BY since, digest")
    return list(session.execute(query, {"peer": peer}).scalars())


def undelivered(session: Session, peer: str) -> list[Any]:
    """Return files here that a neighbour was offered and has not said it has, in the order of their envelopes."""
    return list(session.execute(_UNDELIVERED, {"peer": peer}).all())


_UNDELIVERED = text(
    "SELECT f.digest, f.size FROM kit.attachment_offer o JOIN kit.attachment_file f ON f.digest = o.digest "
    "WHERE o.peer = :peer AND NOT o.delivered AND f.here ORDER BY o.envelope, f.digest"
)


def delivered(session: Session, peer: str, acked: int, incarnation: int, wanted: Sequence[str]) -> int:
    """Note what a neighbour has: every file of an envelope that it stored and that it does not still want."""
    keep = set(wanted)
    for digest in sorted(keep):
        session.execute(_WANTED_AGAIN, {"peer": peer, "digest": digest})
    rows = session.execute(_NAMED, {"peer": peer, "acked": acked, "incarnation": incarnation}).scalars()
    done = [digest for digest in rows if digest not in keep]
    for digest in done:
        session.execute(_DELIVERED, {"peer": peer, "digest": digest})
    return len(done)


_NAMED = text(
    "SELECT o.digest FROM kit.attachment_offer o WHERE o.peer = :peer AND NOT o.delivered AND EXISTS ("
    "SELECT 1 FROM kit.outbox e WHERE e.id = o.envelope AND e.peer = o.peer AND e.link_incarnation = :incarnation "
    "AND e.seq <= :acked)"
)
_WANTED_AGAIN = text(
    "UPDATE kit.attachment_offer SET delivered = false WHERE peer = :peer AND digest = :digest AND delivered"
)
_DELIVERED = text("UPDATE kit.attachment_offer SET delivered = true WHERE peer = :peer AND digest = :digest")
