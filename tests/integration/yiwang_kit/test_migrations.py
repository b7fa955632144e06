"""Migrations run once, each schema for itself, and leave a service only what is its own."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from yiwang_kit.database import Database
from yiwang_kit.migrations import current, heads, migrate, pending

PACKAGES = ["yiwang_kit"]


def test_a_second_run_finds_nothing_to_do(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    first = migrate(database, PACKAGES)
    assert [step.revision for step in first][:3] == ["0001_session", "0002_audit", "0003_idempotency"]
    assert migrate(database, PACKAGES) == []
    assert current(database, PACKAGES) == heads(PACKAGES)
    assert pending(database, PACKAGES) == []
    database.dispose()


def test_a_service_role_cannot_make_tables_of_the_kit(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction("matter") as session:
        session.execute(text("DROP TABLE kit.audit"))
    database.dispose()
