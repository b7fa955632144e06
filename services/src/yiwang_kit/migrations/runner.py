"""Runs Alembic revisions package by package, each in its own schema with its own version table.

Every migration takes short locks only (`lock_timeout`), because the release before it still serves. One advisory lock
keeps two starting processes from migrating at once; a repeat finds nothing to do and says so.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from yiwang_kit.database import KIT, Database

LOCK_TIMEOUT = "3s"
ADVISORY_LOCK = 0x59574D4947  # "YWMIG"
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
    return {schema_of(package): _script(package).get_current_head() or "" for package in packages}


def current(database: Database, packages: Iterable[str]) -> dict[str, str]:
    """Return the revision that the database stands at, by schema; empty where nothing ran yet."""
    with database.engine.connect() as connection:
        return {schema_of(p): _context(connection, schema_of(p)).get_current_revision() or "" for p in packages}


def pending(database: Database, packages: Sequence[str]) -> list[str]:
    """Return the schemas that do not stand at their head."""
    wanted, found = heads(packages), current(database, packages)
    return [schema for schema, head in wanted.items() if found.get(schema) != head]


def grant(connection: Connection, schema: str) -> None:
    """Give a service's role its own schema, the kit's tables and the published views; nothing else."""
    for statement in (
        f"GRANT USAGE ON SCHEMA {schema} TO {schema}",
        f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {schema}",
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
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK})
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


def _migrate_package(connection: Connection, package: str, to: str) -> Iterator[Applied]:
    schema = schema_of(package)
    _prepare(connection, schema)
    context, script = _context(connection, schema), _script(package)
    before = context.get_current_revision()
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
    options = {"version_table": VERSION_TABLE, "version_table_schema": schema, "transaction_per_migration": True}
    return MigrationContext.configure(connection, opts=options)


def _script(package: str) -> ScriptDirectory:
    module = importlib.import_module(package)
    folder = Path(str(module.__file__)).parent / "migrations"
    versions = folder / "versions" if (folder / "versions").is_dir() else folder
    return ScriptDirectory(str(folder), version_locations=[str(versions)])
