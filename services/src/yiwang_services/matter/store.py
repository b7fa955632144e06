"""Versions of matters: the release's rows are only added, never changed; the newest version of a code is current."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from yiwang_kit.ids import uuid7
from yiwang_kit.runtime import Runtime
from yiwang_services.matter import shelves
from yiwang_services.matter.domain import Matter, read
from yiwang_services.matter.settings import MATTERS_PACK
from yiwang_services.matter.tables import content, versions
from yiwang_services.packs import pack

SERVICE = "matter"
LOCAL = "local"
"""Origin of what the site wrote itself; the release's rows carry `pack@version`."""


def load(session: Session, runtime: Runtime) -> None:
    """Install the release's matters, unless this pack version is in already.

    What a release changed is a new version, what it left alone stays as it is. A matter with a local version keeps that
    as current; the release's row is added beside it for comparison.
    """
    session.execute(text("LOCK TABLE matter.content IN EXCLUSIVE MODE"))
    installed = pack(MATTERS_PACK)
    held = session.execute(select(content.c.version).where(content.c.name == "matters")).scalar()
    if held == installed.id:
        return
    wanted, known = [read(row) for row in installed.json("matters.json")], codes(session)
    for matter in wanted:
        if matter.code in known:
            install(session, matter, installed.id, runtime.clock.now())
    add_new([matter for matter in wanted if matter.code not in known], session, installed.id, runtime.clock.now())
    shelves.load(session, installed, runtime.clock.now())
    session.execute(delete(content).where(content.c.name == "matters"))
    session.execute(insert(content).values(name="matters", version=installed.id, loaded_at=runtime.clock.now()))


def codes(session: Session) -> set[str]:
    """Return the codes that the catalogue knows in any version."""
    return set(session.execute(select(versions.c.code).distinct()).scalars())


def add_new(matters: Sequence[Matter], session: Session, origin: str, now: datetime) -> None:
    """Add the first versions of matters that nobody knew, in one statement: a first start has all of them."""
    rows = [{"id": uuid7(), "version": 1, "origin": origin, "current": True, "created_by": "release", "created_at": now,
             "state": shelves.PUBLISHED, **matter.row()} for matter in matters]  # fmt: skip
    if rows:
        session.execute(insert(versions), rows)


def install(session: Session, matter: Matter, origin: str, now: datetime) -> None:
    """Bring a matter to what the release says; after a switch back, the row that is there already becomes current again."""
    standing, wanted = current(session, matter.code), matter.row()
    rows = (row for row in history(session, matter.code) if row.origin != LOCAL)
    same = next((row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())), None)
    if same is None:
        add(session, matter, origin=origin, by="release", now=now)
    elif not same.current and standing is not None and standing.origin != LOCAL:
        session.execute(update(versions).where(versions.c.id == standing.id).values(current=False))
        session.execute(update(versions).where(versions.c.id == same.id).values(current=True))


def add(session: Session, matter: Matter, *, origin: str, by: str, now: datetime) -> int:
    """Add a version; it becomes current unless it is the release's and a local one stands. Return its number."""
    newest = shelves.newest(session, shelves.IMPLEMENTATIONS, matter.code)
    standing = current(session, matter.code)
    takes_over = standing is None or origin == LOCAL or standing.origin != LOCAL
    if takes_over:
        session.execute(
            update(versions).where(versions.c.code == matter.code, versions.c.current).values(current=False)
        )
    session.execute(
        insert(versions).values(
            id=uuid7(),
            version=newest + 1,
            origin=origin,
            current=takes_over,
            created_by=by,
            created_at=now,
            state=shelves.PUBLISHED,
            **matter.row(),
        )
    )
    return newest + 1


def current(session: Session, code: str) -> Any:
    """Return the current version of a matter, or None."""
    return session.execute(select(versions).where(versions.c.code == code, versions.c.current)).first()


def history(session: Session, code: str) -> Sequence[Any]:
    """Return every version of a matter, newest first."""
    return session.execute(select(versions).where(versions.c.code == code).order_by(versions.c.version.desc())).all()
