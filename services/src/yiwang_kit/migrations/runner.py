"""Runs Alembic revisions package by package, each in its own schema with its own version table.

Every migration takes short locks only (`lock_timeout`), because the release before it still serves. One advisory lock
keeps two starting processes from migrating at once; a repeat finds nothing to do and says so.
"""

from __future__ import annotations

import ast
import importlib
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from yiwang_kit.database import KIT, Database

if TYPE_CHECKING:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

LOCK_TIMEOUT = "3s"
ADVISORY_LOCK = 0x59574D4947  # "YWMIG"
LOCK_POLL_SECONDS = 0.2
VERSION_TABLE = "schema_version"


@dataclass(frozen=True)
class Applied:
    """One migration that ran. 已执行的迁移。"""

    package: str
    revision: str


def schema_of(package: str) -> str:
    """Return the schema, and role, of a package: the last word of its name without the product's prefix."""
    return package.rsplit(".", 1)[-1].removeprefix("yiwang_")


def migrate(database: Database, packages: Sequence[str], *, to: str = "heads") -> list[Applied]:
    """Bring each package's schema to `to`; return what ran. The kit comes first whatever the order given."""
    ordered = sorted(packages, key=lambda package: schema_of(package) != KIT)
    with database.engine.connect() as connection, _alone(connection):
        applied = [step for package in ordered for step in _migrate_package(connection, package, to)]
        for package in ordered:
            grant(connection, schema_of(package))
        connection.commit()
    return applied


def heads(packages: Iterable[str]) -> dict[str, str]:
    """Return the newest revision of each package, by schema."""
    return {schema_of(package): head_of(versions_folder(package)) for package in packages}


def head_of(folder: Path) -> str:
    """Return the revision that no other follows. A serving hub asks this: it need not load Alembic for it."""
    named = [declared(file) for file in sorted(folder.glob("[0-9]*.py"))]
    followed = {words.get("down_revision") for words in named}
    return next((words["revision"] for words in named if words["revision"] not in followed), "")


def declared(file: Path) -> dict[str, str]:
    """Return the words that a revision file assigns at its top, such as `revision`."""
    return {
        target.id: str(node.value.value)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def current(database: Database, packages: Iterable[str]) -> dict[str, str]:
    """Return the revision that the database stands at, by schema; empty where nothing ran yet."""
    with database.engine.connect() as connection:
        return {schema_of(package): _revision(connection, schema_of(package)) for package in packages}


def _revision(connection: Connection, schema: str) -> str:
    where = f"{schema}.{VERSION_TABLE}"
    if connection.execute(text("SELECT to_regclass(:name)"), {"name": where}).scalar() is None:
        return ""
    return connection.execute(text(f"SELECT version_num FROM {where}")).scalar() or ""  # noqa: S608 - a package's name


def pending(database: Database, packages: Sequence[str]) -> list[str]:
    """Return the schemas that do not stand at their head.

    A revision that this release does not know is a later release's, from which this one came back: it only expanded,
    so this release runs on it.
    """
    wanted, found = heads(packages), current(database, packages)
    folders = {schema_of(package): versions_folder(package) for package in packages}
    return [s for s, head in wanted.items() if found.get(s) != head and _knows(folders[s], found.get(s, ""))]


def _knows(folder: Path, revision: str) -> bool:
    """Return whether a revision, or none at all, is one of this release's past; read from files, without Alembic."""
    return not revision or any(declared(file).get("revision") == revision for file in folder.glob("[0-9]*.py"))


def grant(connection: Connection, schema: str) -> None:
    """Give a service's role its own schema, the kit's tables and the published views; nothing else."""
    for statement in (
        f"GRANT USAGE ON SCHEMA {schema} TO {schema}",
        f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {schema}",
        f"REVOKE TRUNCATE ON ALL TABLES IN SCHEMA {schema} FROM {schema}",  # nobody empties a trail in one word
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {schema}",
        f"GRANT USAGE ON SCHEMA {KIT} TO {schema}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {KIT} TO {schema}",
        f"REVOKE UPDATE, DELETE ON {KIT}.audit FROM {schema}",  # the trail only grows
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {KIT} TO {schema}",
    ):
        connection.execute(text(statement))
    published = connection.execute(
        text("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%\\_public' ORDER BY nspname")
    ).scalars()
    for public in published:
        connection.execute(text(f"GRANT USAGE ON SCHEMA {public} TO {schema}"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {public} TO {schema}"))


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    while not _try_lock(connection):
        time.sleep(LOCK_POLL_SECONDS)
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text("SET statement_timeout = 0"))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": ADVISORY_LOCK})
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text("RESET statement_timeout"))
        connection.commit()


def _try_lock(connection: Connection) -> bool:
    """Ask for the lock without waiting in a transaction: a concurrent index of the one who holds it would wait for us."""
    held = bool(connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK}).scalar())
    connection.commit()
    return held


def _migrate_package(connection: Connection, package: str, to: str) -> Iterator[Applied]:
    from alembic.operations import Operations

    schema = schema_of(package)
    _prepare(connection, schema)
    context, script = _context(connection, schema), _script(package)
    before = context.get_current_revision()
    connection.rollback()
    context._migrations_fn = lambda revision, _: script._upgrade_revs(to, revision)
    with Operations.context(context):
        context.run_migrations()
    connection.commit()
    steps = script.iterate_revisions(to, before or "base")
    ran = [step.revision for step in steps if step.revision != before]
    yield from (Applied(package, revision) for revision in reversed(ran))


def _prepare(connection: Connection, schema: str) -> None:
    exists = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": schema}).scalar()
    if not exists:
        connection.execute(text(f"CREATE ROLE {schema} NOLOGIN"))
        connection.execute(text(f"GRANT {schema} TO CURRENT_USER"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    connection.commit()


def _context(connection: Connection, schema: str) -> MigrationContext:
    from alembic.migration import MigrationContext

    options = {"version_table": VERSION_TABLE, "version_table_schema": schema, "transaction_per_migration": True}
    return MigrationContext.configure(connection, opts=options)


def _script(package: str) -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    versions = versions_folder(package)
    return ScriptDirectory(str(versions), version_locations=[str(versions)])


def versions_folder(package: str) -> Path:
    """Return where a package keeps its revisions."""
    module = importlib.import_module(package)
    folder = Path(str(module.__file__)).parent / "migrations"
    return folder / "versions" if (folder / "versions").is_dir() else folder
