"""Definitions in the database: versions are only added; publishing one retires the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import scope_clause
from yiwang_kit.ids import uuid7
from yiwang_kit.runtime import Runtime
from yiwang_services.indicator import domain
from yiwang_services.indicator import tables as t
from yiwang_services.indicator.domain import DRAFT, PUBLISHED, RETIRED, Definition
from yiwang_services.indicator.settings import INDICATORS_PACK
from yiwang_services.packs import pack

SERVICE = "indicator"
READ, EDIT = "indicator.value.read", "indicator.definition.edit"
LOCAL, RELEASE = "local", "release"
BACKSLASH = "\\"
d, v = t.definition.c, t.value.c


def load(session: Session, runtime: Runtime) -> None:
    """Install the release's indicators unless this pack version is in already; what a site published itself stands."""
    hold(session)
    installed = pack(INDICATORS_PACK)
    held = session.execute(select(t.content.c.version).where(t.content.c.name == "indicators")).scalar()
    if held == installed.id:
        return
    now = runtime.clock.now()
    for row in installed.json("indicators.json"):
        install(session, domain.read(row), installed.id, now)
    session.execute(delete(t.content).where(t.content.c.name == "indicators"))
    session.execute(insert(t.content).values(name="indicators", version=installed.id, loaded_at=now))


def install(session: Session, wanted: Definition, origin: str, now: datetime) -> None:
    """Publish what the release says, unless the same is published or the site has a version of its own."""
    rows = history(session, wanted.code)
    standing = next((row for row in rows if row.state == PUBLISHED), None)
    if standing is not None and (standing.origin == LOCAL or domain.read(standing) == wanted):
        return
    number = add(session, wanted, origin=origin, by=RELEASE, now=now)
    publish(session, wanted.code, number, now)


def hold(session: Session) -> None:
    """Let one transaction at a time change definitions or compute: a rule does not change while it is applied."""
    session.execute(text("LOCK TABLE indicator.content IN EXCLUSIVE MODE"))


def add(session: Session, wanted: Definition, *, origin: str, by: str, now: datetime) -> int:
    """Add a draft version; return its number."""
    newest = session.execute(select(func.max(d.version)).where(d.code == wanted.code)).scalar() or 0
    session.execute(
        insert(t.definition).values(
            id=uuid7(), version=newest + 1, origin=origin, state=DRAFT, created_by=by, created_at=now, **wanted.row()
        )
    )
    return int(newest) + 1


def publish(session: Session, code: str, version: int, now: datetime) -> None:
    """Make a version the one that counts; the one before it is retired and keeps its values."""
    retire(session, code, now)
    this = (d.code == code, d.version == version)
    session.execute(update(t.definition).where(*this).values(state=PUBLISHED, published_at=now))


def retire(session: Session, code: str, now: datetime) -> None:
    """End the published version of a code, if there is one."""
    standing = (d.code == code, d.state == PUBLISHED)
    session.execute(update(t.definition).where(*standing).values(state=RETIRED, retired_at=now))


def published(session: Session) -> dict[str, Any]:
    """Return every published row by its code."""
    rows = session.execute(select(t.definition).where(d.state == PUBLISHED).order_by(d.code))
    return {row.code: row for row in rows}


def standing(session: Session) -> dict[str, Definition]:
    """Return every published definition by its code."""
    return {code: domain.read(row) for code, row in published(session).items()}


def history(session: Session, code: str) -> Sequence[Any]:
    """Return every version of a code, newest first."""
    return session.execute(select(t.definition).where(d.code == code).order_by(d.version.desc())).all()


def version(session: Session, code: str, number: int) -> Any:
    """Return one version, or None."""
    return session.execute(select(t.definition).where(d.code == code, d.version == number)).first()


def page(session: Session, *, words: str | None, after: str | None, limit: int) -> Sequence[Any]:
    """Return one page of published definitions in the order of their codes."""
    query = select(t.definition).where(d.state == PUBLISHED)
    if words:
        held = _held(words)
        query = query.where(or_(d.name.like(held, escape=BACKSLASH), d.code.like(held, escape=BACKSLASH)))
    if after:
        query = query.where(d.code > after)
    return session.execute(query.order_by(d.code).limit(limit)).all()


def _held(words: str) -> str:
    escaped = words.replace(BACKSLASH, BACKSLASH * 2)
    for sign in "%_":
        escaped = escaped.replace(sign, BACKSLASH + sign)
    return f"%{escaped}%"


def values(session: Session, actor: Actor, *, code: str | None, division: str | None, since: date | None,
           until: date | None, after: UUID | None, limit: int) -> Sequence[Any]:  # fmt: skip
    """Return one page of values that this person may read, newest written first."""
    query = (
        select(t.value, d.code, d.version, d.name, d.name_en, d.unit, d.formula, d.state)
        .join(t.definition, d.id == v.definition)
        .where(d.state == PUBLISHED, scope_clause(actor, READ, division_column=v.division))
    )
    asked = (
        d.code == code if code else None, v.division == division if division else None,
        v.starts >= since if since else None, v.starts < until if until else None, v.id < after if after else None,
    )  # fmt: skip
    query = query.where(*(condition for condition in asked if condition is not None))
    return session.execute(query.order_by(v.id.desc()).limit(limit)).all()
