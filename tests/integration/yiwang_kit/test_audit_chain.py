"""The audit trail grows only, shows every change, and its signed heads show it to others."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from yiwang_kit.audit import Audit, Head, check_head, leads_to, sign_head, verify
from yiwang_kit.clock import SystemClock
from yiwang_kit.crypto import HybridPrivateKey
from yiwang_kit.database import Database
from yiwang_kit.migrations.runner import grant

TRAIL = Audit(SystemClock())


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with five rows of trail."""
    opened = Database(database_url)
    with opened.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA matter"))
        grant(connection, "matter")
    for number in range(5):
        add(opened, number)
    yield opened
    opened.dispose()


def add(database: Database, number: int) -> int:
    """Record one act."""
    with database.transaction("matter") as session:
        return TRAIL.record(session, actor="𠮷", action="matter.list", object_type="matter", object_id=str(number),
                            detail={"n": number, "at": datetime(2026, 1, 1, tzinfo=UTC)})  # fmt: skip


def spoil(database: Database, statement: str) -> str:
    """Do what only the database's owner could, and return what verification says."""
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    with database.transaction() as session:
        found = verify(session)
    return "" if found is None else f"{found.n} {found.reason}"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT 1", ""),
        ("UPDATE kit.audit SET actor = 'x' WHERE n = 3", "3 the row's digest does not fit"),
        ("UPDATE kit.audit SET at = at + interval '1 microsecond' WHERE n = 1", "1 the row's digest does not fit"),
        ("DELETE FROM kit.audit WHERE n = 2", "2 the row is missing"),
        ("DELETE FROM kit.audit WHERE n = 5", "5 rows behind the head are missing"),
        ("UPDATE kit.audit_head SET n = 4", "6 rows behind the head are missing"),
    ],
)
def test_a_change_is_found_where_it_was_made(database: Database, statement: str, said: str) -> None:
    assert spoil(database, statement).startswith(said)


@pytest.mark.parametrize("statement", ["UPDATE kit.audit SET actor = 'x'", "DELETE FROM kit.audit"])
@pytest.mark.parametrize("role", ["matter", "kit"])
def test_no_service_changes_the_trail(database: Database, statement: str, role: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction(role) as session:
        session.execute(text(statement))


def undone(database: Database) -> None:
    """Record an act that fails."""
    with database.transaction("matter") as session:
        TRAIL.record(session, actor="x", action="a", object_type="t", object_id="1")
        raise ZeroDivisionError


def test_what_was_not_done_is_not_in_the_trail(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        undone(database)
    with database.transaction() as session:
        assert TRAIL.head(session).n == 5


def test_many_at_once_make_one_chain(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(lambda n: add(database, n), range(40)))
    assert numbers == list(range(6, 46))
    with database.transaction() as session:
        assert verify(session) is None


def test_a_signed_head_binds_the_chain_as_it_was(database: Database) -> None:
    key = HybridPrivateKey.generate()
    with database.transaction() as session:
        statement = sign_head(TRAIL.head(session), "441721", 1, datetime.now(UTC), key)
    add(database, 6)
    head = check_head(statement, key.public_key())
    with database.transaction() as session:
        assert leads_to(session, head)
        assert not leads_to(session, Head(head.n, bytes(32)))
        assert leads_to(session, Head(0, bytes(32)))


def test_a_head_signed_by_another_is_refused(database: Database) -> None:
    with database.transaction() as session:
        statement = sign_head(TRAIL.head(session), "441721", 1, datetime.now(UTC), HybridPrivateKey.generate())
    with pytest.raises(ValueError, match="not this site's"):
        check_head(statement, HybridPrivateKey.generate().public_key())
