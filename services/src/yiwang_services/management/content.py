"""Loads what a release brings along (divisions, roles) once, and again when the release's version of it changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from yiwang_kit.runtime import Runtime
from yiwang_services.management import divisions, tables
from yiwang_services.management.domain import ROLES, roles_digest
from yiwang_services.management.settings import DIVISIONS_PACK
from yiwang_services.packs import pack

SERVICE = "management"


class Loader:
    """Brings the tables to the release's content; says once a process that it did. 内容装载。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._done = False

    def ensure(self) -> None:
        """Load what is missing; cheap afterwards."""
        if self._done:
            return
        with self._lock, self._runtime.database.transaction(SERVICE) as session:
            load(session, self._runtime)
            self._done = True

    def try_now(self) -> None:
        """Load at start; a database that is not there yet is tried again at the first request."""
        try:
            self.ensure()
        except DBAPIError as error:
            self._runtime.log.warning("management.content", waiting=str(error.orig)[:200])


def load(session: Session, runtime: Runtime) -> None:
    """Load divisions and roles where their version differs from what is stored."""
    session.execute(text("LOCK TABLE management.content IN EXCLUSIVE MODE"))
    installed, site = pack(DIVISIONS_PACK), runtime.settings.site.code
    if _differs(session, runtime, "divisions", f"{installed.id} for {site}"):
        replace_divisions(session, divisions.kept_at(divisions.read(installed), site))
    if _differs(session, runtime, "roles", roles_digest()):
        replace_roles(session)
    set_policy(session, "second_factor", second_factor_policy(runtime))


def _differs(session: Session, runtime: Runtime, name: str, version: str) -> bool:
    held = session.execute(select(tables.content.c.version).where(tables.content.c.name == name)).scalar()
    if held == version:
        return False
    session.execute(delete(tables.content).where(tables.content.c.name == name))
    session.execute(insert(tables.content).values(name=name, version=version, loaded_at=runtime.clock.now()))
    return True


def replace_divisions(session: Session, kept: dict[str, divisions.Division]) -> None:
    """Put these divisions and their closure in the place of the old ones."""
    session.execute(delete(tables.division))
    session.execute(delete(tables.division_closure))
    rows = ((row.code, row.name, row.parent, row.tier) for row in kept.values())
    copy(session, "management.division", ("code", "name", "parent", "tier"), rows)
    copy(session, "management.division_closure", ("ancestor", "descendant", "depth"), divisions.closure(kept))


def copy(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write many rows by COPY, which takes a tenth of the time of inserts."""
    driver = session.connection().connection.driver_connection
    assert driver is not None  # noqa: S101 - a session in a transaction has one
    with driver.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as out:
        for row in rows:
            out.write_row(row)


def replace_roles(session: Session) -> None:
    """Put the release's roles in the place of the old ones; posts name roles by code and stay, roles made here too."""
    ours = select(tables.role.c.code).where(tables.role.c.custom.is_(False))
    for table in (tables.role_permission, tables.role_delegation):
        session.execute(delete(table).where(table.c.role.in_(ours)))
    session.execute(delete(tables.role).where(tables.role.c.custom.is_(False)))
    session.execute(
        insert(tables.role),
        [
            {"code": r.code, "title_zh": r.title_zh, "title_en": r.title_en, "duty": r.duty, "scope": r.scope,
             "custom": False, "active": True}
            for r in ROLES
        ],
    )  # fmt: skip
    rows = [{"role": role.code, "permission": name} for role in ROLES for name in sorted(set(role.permissions))]
    session.execute(insert(tables.role_permission), rows)
    passed = [{"role": role.code, "permission": name} for role in ROLES for name in sorted(set(role.delegates))]
    session.execute(insert(tables.role_delegation), passed)


def set_policy(session: Session, name: str, value: str) -> None:
    """Write what this site's settings demand to where the published views read it."""
    changed: Any = session.execute(update(tables.policy).where(tables.policy.c.name == name).values(value=value))
    if changed.rowcount == 0:
        session.execute(insert(tables.policy).values(name=name, value=value))


def second_factor_policy(runtime: Runtime) -> str:
    """Return whether administrative duties demand a second factor: not under a demo root, nor where another provider
    signs people in, whose business it then is."""
    return "offered" if runtime.settings.demo or runtime.settings.sign_in is not None else "required"
