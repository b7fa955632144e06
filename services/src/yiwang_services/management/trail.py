"""The audit trail as the auditor reads it: by person, action, object and time, within the units of the auditor's duty.

A trail's lines name whoever acted by login or by id, as the service that wrote them knew them. An auditor of the topmost
unit sees every line, those of housekeeping and of the command line too; an auditor further down sees the lines of people
whose home lies below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    cast,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session

from yiwang_services.management import tables as t

BATCH = 1000
audit = Table(
    "audit", MetaData(schema="kit"), Column("n", BigInteger, primary_key=True), Column("at", DateTime(timezone=True)),
    Column("actor", Text), Column("action", Text), Column("object_type", Text), Column("object_id", Text),
    Column("detail", Text), Column("digest", LargeBinary),
)  # fmt: skip


def of_people(scope: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a line was written by, or about, somebody in this scope."""
    logins = select(t.person.c.login).where(scope)
    ids = select(cast(t.person.c.id, Text)).where(scope)
    names = union(logins, ids).subquery()
    column = select(names.c[0])
    return or_(audit.c.actor.in_(column), audit.c.object_id.in_(column))


def matching(*, actor: str | None = None, action: str | None = None, object_type: str | None = None,
             object_id: str | None = None, since: datetime | None = None, until: datetime | None = None,
             names: Sequence[str] = ()) -> list[ColumnElement[bool]]:  # fmt: skip
    """Return the conditions of a search; an action also finds those below it (management.user finds …user.add)."""
    found: list[ColumnElement[bool]] = []
    if actor:
        found.append(audit.c.actor.in_([actor, *names]))
    if action:
        found.append(or_(audit.c.action == action, audit.c.action.like(_plain(action) + ".%", escape="\\")))
    if object_type:
        found.append(audit.c.object_type == object_type)
    if object_id:
        found.append(audit.c.object_id.in_([object_id]))
    if since:
        found.append(audit.c.at >= since)
    if until:
        found.append(audit.c.at < until)
    return found


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def other_names(session: Session, actor: str) -> list[str]:
    """Return how else the trail may name somebody: the id of a login."""
    found = session.execute(select(t.person.c.id).where(t.person.c.login == actor)).scalar()
    return [str(found)] if found else []


def page(
    session: Session, conditions: Sequence[ColumnElement[bool]], *, before: int | None, limit: int
) -> Sequence[Any]:
    """Return one page of lines, the newest first."""
    query = select(audit).where(*conditions).order_by(audit.c.n.desc()).limit(limit)
    return session.execute(query.where(audit.c.n < before) if before else query).all()


def actions(session: Session) -> list[str]:
    """Return every action that stands on the trail."""
    return sorted(session.execute(select(audit.c.action).distinct()).scalars())


def digest_at(session: Session, n: int) -> str | None:
    """Return the digest of one line, or None where there is none."""
    found = session.execute(select(audit.c.digest).where(audit.c.n == n)).scalar()
    return bytes(found).hex() if found is not None else None


def everything(session: Session, after: int, upto: int) -> Iterator[Any]:
    """Yield the lines behind one number up to another, oldest first, a batch at a time."""
    last = after
    while last < upto:
        query = select(audit).where(audit.c.n > last, audit.c.n <= upto).order_by(audit.c.n).limit(BATCH)
        rows = session.execute(query).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].n
