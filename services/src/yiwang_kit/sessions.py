"""Sessions kept on the server, so that ending one ends it: the browser holds a secret, the database only its digest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit.ids import uuid7

LIFETIME = timedelta(hours=12)
IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)
AGENT_LIMIT = 200


def cookie_name(site: str) -> str:
    """Return the session cookie's name at a site: cookies separate neither ports nor sites of one host."""
    return f"yw_{site.replace('-', '_')}_session"


def digest(secret: str) -> str:
    """Return what is stored of a secret that only its bearer knows."""
    return hashlib.sha256(secret.encode()).hexdigest()


def start(session: Session, user_id: UUID, now: datetime, agent: str = "") -> str:
    """Open a session; return the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    row = {"digest": digest(secret), "id": uuid7(), "user": user_id, "now": now, "end": now + LIFETIME,
           "agent": agent.replace("\x00", "")[:AGENT_LIMIT]}  # fmt: skip
    session.execute(_START, row)
    return secret


def find(session: Session, secret: str, now: datetime) -> Any | None:
    """Return the open session behind a secret (id, user_id), or None; remember now and then that it was seen."""
    key = {"digest": digest(secret), "now": now}
    found = session.execute(_FIND, {**key, "idle": now - IDLE}).first()
    if found is not None and now - found.seen_at > SEEN_EVERY:
        session.execute(_SEEN, key)
    return found


def end(session: Session, session_id: UUID) -> None:
    """Close one session."""
    session.execute(text("DELETE FROM kit.session WHERE id = :id"), {"id": session_id})


def end_all(session: Session, user_id: UUID, *, but: UUID | None = None) -> int:
    """Close every session of a person, except this one; for a changed password or a closed account."""
    query = text("DELETE FROM kit.session WHERE user_id = :user AND (CAST(:but AS uuid) IS NULL OR id <> :but)")
    result: Any = session.execute(query, {"user": user_id, "but": but})
    return int(result.rowcount)


def open_ones(session: Session, user_id: UUID, now: datetime) -> Sequence[Any]:
    """Return a person's open sessions, the newest first: never the secret, nor what is kept of it."""
    return session.execute(_OPEN, {"user": user_id, "now": now, "idle": now - IDLE}).all()


def end_of(session: Session, user_id: UUID, session_id: UUID) -> bool:
    """Close one session of a person; return whether there was one."""
    query = text("DELETE FROM kit.session WHERE user_id = :user AND id = :id")
    result: Any = session.execute(query, {"user": user_id, "id": session_id})
    return bool(result.rowcount)


def sweep(session: Session, now: datetime) -> None:
    """Remove what has ended."""
    query = text("DELETE FROM kit.session WHERE expires_at < :now OR seen_at < :idle")
    session.execute(query, {"now": now, "idle": now - IDLE})


_START = text(
    "INSERT INTO kit.session (digest, id, user_id, created_at, seen_at, expires_at, agent) "
    "VALUES (:digest, :id, :user, :now, :now, :end, :agent)"
)
_FIND = text(
    "SELECT id, user_id, seen_at FROM kit.session WHERE digest = :digest AND expires_at > :now AND seen_at > :idle"
)
_OPEN = text(
    "SELECT id, created_at, seen_at, expires_at, agent FROM kit.session "
    "WHERE user_id = :user AND expires_at > :now AND seen_at > :idle ORDER BY created_at DESC, id"
)
_SEEN = text("UPDATE kit.session SET seen_at = :now WHERE digest = :digest")
