"""Fixtures that every lane shares: one PostgreSQL a session, a fresh database a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import postgres as support


@pytest.fixture(scope="session")
def postgres() -> Iterator[support.Server]:
    """One real PostgreSQL 18 for the whole session, without fsync."""
    with support.running() as server:
        yield server


@pytest.fixture
def empty_database_url(postgres: support.Server) -> Iterator[str]:
    """The address of an empty database."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def template(postgres: support.Server) -> str:
    """A database with the kit's schema, to clone from."""
    from yiwang_kit.database import Database
    from yiwang_kit.migrations import migrate

    name = postgres.create()
    database = Database(postgres.url(name))
    migrate(database, ["yiwang_kit"])
    database.dispose()
    return name


@pytest.fixture
def database_url(postgres: support.Server, template: str) -> Iterator[str]:
    """The address of a database with the kit's schema."""
    name = postgres.create(template)
    yield postgres.url(name)
    postgres.drop(name)
