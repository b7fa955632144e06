"""What a lead unit asks other units, when the stage clock stood still, and orders merged into one: rows beside an order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, insert, literal, select, update
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import scope_clause
from yiwang_kit.ids import uuid7
from yiwang_kit.memo import forget, kept
from yiwang_services.collaboration import tables as t

ASKED, ANSWERED, WITHDRAWN = "asked", "answered", "withdrawn"
ASSISTS, MERGED = "collaboration.assists", "collaboration.merged"


def helps(actor: Actor, permission: str, *, order_id: Any = None) -> ColumnElement[bool]:
    """Return the condition that a unit of this person was asked for help with an order."""
    a = t.assist.c
    wanted = t.work_order.c.id if order_id is None else order_id
    within = scope_clause(actor, permission, unit_column=a.unit)
    found = select(literal(1)).select_from(t.assist)
    return exists(found.where(a.work_order == wanted, a.state != WITHDRAWN, within).correlate_except(t.assist))


def of(session: Session, order_id: UUID) -> Sequence[Any]:
    """Return every question about an order, oldest first."""
    a = t.assist.c
    query = select(t.assist).where(a.work_order == order_id).order_by(a.asked_at, a.id)
    return kept(session, (ASSISTS, order_id), lambda: session.execute(query).all())


def waiting(session: Session, order_id: UUID) -> Sequence[Any]:
    """Return the questions that nobody has answered."""
    return [row for row in of(session, order_id) if row.state == ASKED]


def mine(session: Session, order_id: UUID, actor: Actor, permission: str) -> Any:
    """Return the oldest waiting question to a unit of this person, or None."""
    a = t.assist.c
    query = select(t.assist).where(
        a.work_order == order_id, a.state == ASKED, scope_clause(actor, permission, unit_column=a.unit)
    )
    return session.execute(query.order_by(a.asked_at, a.id)).first()


def ask(session: Session, order_id: UUID, unit: Any, question: str, now: datetime) -> None:
    """Ask a unit."""
    forget(session, (ASSISTS, order_id))
    session.execute(
        insert(t.assist).values(
            id=uuid7(), work_order=order_id, unit=unit.id, unit_name=unit.name, question=question, state=ASKED,
            answer="", asked_at=now, answered_at=None,
        )
    )  # fmt: skip


def settle(session: Session, row: Any, state: str, answer: str, now: datetime) -> None:
    """Write an answer to a question, or that none is needed any more."""
    forget(session, (ASSISTS, row.work_order))
    values = {"state": state, "answer": answer, "answered_at": now}
    session.execute(update(t.assist).where(t.assist.c.id == row.id).values(**values))


def withdraw_all(session: Session, order_id: UUID, now: datetime) -> None:
    """Take back what nobody has answered: the lead unit no longer has the order."""
    for row in waiting(session, order_id):
        settle(session, row, WITHDRAWN, "", now)


# Pauses ---------------------------------------------------------------------------------------------------------------


def spells(session: Session, order_id: UUID) -> Sequence[Any]:
    """Return an order's pauses, oldest first."""
    s = t.suspension.c
    return session.execute(select(t.suspension).where(s.work_order == order_id).order_by(s.started_at, s.id)).all()


def begin_spell(session: Session, order_id: UUID, reason: str, note: str, now: datetime, until: datetime) -> None:
    """Write that the clock stands still."""
    session.execute(
        insert(t.suspension).values(
            id=uuid7(), work_order=order_id, reason=reason, note=note, started_at=now, until=until, ended_at=None
        )
    )


def end_spell(session: Session, order_id: UUID, now: datetime) -> None:
    """Write that the clock runs again before the pause was to end."""
    s = t.suspension.c
    running = (s.work_order == order_id, s.ended_at.is_(None), s.until > now)
    session.execute(update(t.suspension).where(*running).values(ended_at=now))


# Stages ---------------------------------------------------------------------------------------------------------------


def stages(session: Session, order_id: UUID) -> Sequence[Any]:
    """Return the stages that an order has left, in order."""
    return session.execute(select(t.stage).where(t.stage.c.work_order == order_id).order_by(t.stage.c.n)).all()


def add_stage(session: Session, order_id: UUID, **values: Any) -> None:
    """Write a stage that an order has left."""
    session.execute(insert(t.stage).values(work_order=order_id, **values))


# Merged orders --------------------------------------------------------------------------------------------------------


def merged(session: Session, order_id: UUID) -> Sequence[Any]:
    """Return the orders that were merged into this one."""
    o = t.work_order.c
    query = select(o.id, o.number, o.title).where(o.merged_into == order_id).order_by(o.number)
    shelf: dict[UUID, Sequence[Any]] = kept(session, MERGED, dict)
    if order_id not in shelf:
        shelf[order_id] = session.execute(query).all()
    return shelf[order_id]
