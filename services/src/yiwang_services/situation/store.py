"""Topics in the database: versions are only added; publishing one retires the one before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.ids import uuid7
from yiwang_kit.runtime import Runtime
from yiwang_services.packs import Pack, pack
from yiwang_services.situation import manifest as manifests
from yiwang_services.situation import tables as t
from yiwang_services.situation.figures import Place
from yiwang_services.situation.manifest import Manifest
from yiwang_services.situation.settings import TOPICS_PACK

SERVICE: Final = "situation"
READ, EDIT, ACKNOWLEDGE = "situation.topic.read", "situation.topic.edit", "situation.alarm.acknowledge"
PUBLISHED, RETIRED = "published", "retired"
LOCAL, RELEASE = "local", "release"
TOPICS, ALARMS = "topics", "alarms"
c = t.topic.c


@dataclass(frozen=True)
class Topic:
    """A published topic and where it came from. 专题。"""

    id: UUID
    version: int
    origin: str
    manifest: Manifest

    @property
    def place(self) -> tuple[int, str]:
        """Return where it stands in the list."""
        return self.manifest.order, self.manifest.topic


def load(session: Session, runtime: Runtime) -> None:
    """Install the release's topics unless this pack version is in already; a topic of the site's own stands."""
    hold(session)
    installed = pack(TOPICS_PACK)
    if marked(session, TOPICS, "version") == installed.id:
        return
    now = runtime.clock.now()
    for name in manifests_in(installed):
        install(session, (installed.folder / name).read_text(encoding="utf-8"), installed.id, now)
    set_mark(session, TOPICS, installed.id, now)


def manifests_in(installed: Pack) -> list[str]:
    """Return the names of a pack's manifests."""
    return sorted(path.name for path in installed.folder.glob("*.yaml"))


def install(session: Session, written: str, origin: str, now: datetime) -> None:
    """Publish what the release says, unless the same is published or the site has a version of its own."""
    _, data = manifests.checked(written)
    row = standing(session, data["topic"])
    if row is not None and (row.origin == LOCAL or json.loads(row.manifest) == data):
        return
    publish(session, data, origin=origin, by=RELEASE, now=now)


def hold(session: Session) -> None:
    """Let one transaction at a time change topics or judge alarms."""
    session.execute(text("LOCK TABLE situation.mark IN EXCLUSIVE MODE"))


def marked(session: Session, name: str, column: str) -> Any:
    """Return what was noted last under a name, or None."""
    return session.execute(select(t.mark.c[column]).where(t.mark.c.name == name)).scalar()


def set_mark(session: Session, name: str, version: str, now: datetime) -> None:
    """Note what was loaded or judged."""
    session.execute(delete(t.mark).where(t.mark.c.name == name))
    session.execute(insert(t.mark).values(name=name, version=version, at=now))


def publish(session: Session, data: Mapping[str, Any], *, origin: str, by: str, now: datetime) -> int:
    """Add a version and make it the one that is shown; return its number."""
    code = data["topic"]
    retire(session, code, now)
    newest = session.execute(select(func.max(c.version)).where(c.code == code)).scalar() or 0
    written = json.dumps(data, ensure_ascii=False, sort_keys=True)
    session.execute(
        insert(t.topic).values(id=uuid7(), code=code, version=newest + 1, origin=origin, state=PUBLISHED,
                               manifest=written, created_by=by, created_at=now)
    )  # fmt: skip
    return int(newest) + 1


def retire(session: Session, code: str, now: datetime) -> None:
    """Take a topic off the screens; its versions stay."""
    session.execute(update(t.topic).where(c.code == code, c.state == PUBLISHED).values(state=RETIRED, retired_at=now))


def standing(session: Session, code: str) -> Any:
    """Return the published row of a code, or None."""
    return session.execute(select(t.topic).where(c.code == code, c.state == PUBLISHED)).first()


def published(session: Session) -> list[Topic]:
    """Return every published topic in the order of the list."""
    rows = session.execute(select(t.topic).where(c.state == PUBLISHED).order_by(c.code))
    return sorted((topic(row) for row in rows), key=lambda one: one.place)


def topic(row: Any) -> Topic:
    """Return a row as a topic."""
    return Topic(row.id, row.version, row.origin, parsed(row.manifest))


@lru_cache(maxsize=200)
def parsed(written: str) -> Manifest:
    """Return a stored manifest; it was checked when it was stored."""
    return manifests.manifest(json.loads(written))


def sees(actor: Actor, manifest: Manifest) -> bool:
    """Return whether a topic is for one of the posts that a person acts in; one without roles is for everybody."""
    acting = [post for post in actor.posts if actor.acting_post in (None, post.id)]
    return not manifest.roles or any(post.role in manifest.roles for post in acting)


def division(session: Session, code: str) -> Any:
    """Return a division kept at this site, or None."""
    return session.execute(select(t.division).where(t.division.c.code == code)).first()


def children(session: Session, code: str) -> Sequence[Any]:
    """Return the divisions directly below, in the order of their codes."""
    return session.execute(select(t.division).where(t.division.c.parent == code).order_by(t.division.c.code)).all()


def path(session: Session, code: str) -> Sequence[Any]:
    """Return the divisions from the top down to this one."""
    up = t.closure.c
    query = select(t.division).join(t.closure, up.ancestor == t.division.c.code).where(up.descendant == code)
    return session.execute(query.order_by(up.depth.desc())).all()


def place(session: Session, code: str) -> Place:
    """Return a division with those directly below."""
    return Place(code, tuple(child.code for child in children(session, code)))
