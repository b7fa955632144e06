"""The committed overlay N+1: its migration runs on a real database while the release before it still works."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from yiwang.adapters.source import read_source
from yiwang_kit.database import Database
from yiwang_kit.migrations import current, migrate

ROOT = Path(__file__).resolve().parents[4]
NEXT = ROOT / "tests" / "support" / "next"
NAME = "next_release_lab"
COLLABORATION = f"{NAME}.collaboration"
START = """
import sqlalchemy as sa
from alembic import op
revision = "0001_start"
down_revision = None
def upgrade():
    op.create_table("work_order", sa.Column("id", sa.Integer, primary_key=True), schema="collaboration")
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A collaboration package with the one table that the overlay's migration expands."""
    folder = tmp_path / NAME / "collaboration" / "migrations"
    folder.mkdir(parents=True)
    for place in (folder.parent.parent, folder.parent):
        (place / "__init__.py").write_text("", encoding="utf-8")
    (folder / "0001_start.py").write_text(START, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        monkeypatch.delitem(sys.modules, module)
    return folder


def lay_next(package: Path) -> None:
    (written,) = (NEXT / "migrations" / "yiwang_services.collaboration").iterdir()
    body = written.read_text(encoding="utf-8").replace("@HEAD@", "0001_start").replace("@REVISION@", "0002_rating")
    (package / "0002_rating.py").write_text(body, encoding="utf-8")


@pytest.fixture
def database(package: Path, empty_database_url: str) -> Iterator[Database]:
    """A database on which the release before the next one runs."""
    database = Database(empty_database_url)
    migrate(database, ["yiwang_kit", COLLABORATION])
    lay_next(package)
    yield database
    database.dispose()


def index_is_valid(database: Database) -> bool:
    look = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'collaboration.work_order_citizen_rating'::regclass"
    with database.engine.begin() as connection:
        return bool(connection.execute(text(look)).scalar())


def test_the_next_migration_expands_what_the_release_before_it_still_uses(database: Database) -> None:
    assert [step.revision for step in migrate(database, ["yiwang_kit", COLLABORATION])] == ["0002_rating"]
    assert current(database, [COLLABORATION]) == {"collaboration": "0002_rating"}
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO collaboration.work_order (id) VALUES (1)"))
    assert index_is_valid(database)


def leave_half_done(database: Database) -> None:
    """Do what a run leaves that died while it made the index: the column is there, the index is INVALID."""
    unfinished = (
        "CREATE UNIQUE INDEX CONCURRENTLY work_order_citizen_rating ON collaboration.work_order (citizen_rating)"
    )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER TABLE collaboration.work_order ADD COLUMN citizen_rating smallint"))
        connection.execute(text("INSERT INTO collaboration.work_order VALUES (1, 5), (2, 5)"))
        with pytest.raises(IntegrityError):
            connection.execute(text(unfinished))


def test_an_interrupted_migration_is_repeated_from_the_start(database: Database) -> None:
    leave_half_done(database)
    assert not index_is_valid(database)
    migrate(database, ["yiwang_kit", COLLABORATION])
    assert index_is_valid(database)


def test_the_next_release_brings_a_migration_and_new_content_and_is_entered_from_this_one() -> None:
    now, later = read_source(ROOT), read_source(ROOT, overlay=NEXT)
    assert later.version > now.version
    assert later.policy.may_enter_from == (now.version,)
    changed = {path for path in later.files if later.files[path] != now.files.get(path)}
    assert any("/collaboration/migrations/" in path for path in changed)
    assert any(path.startswith("services/content/") for path in changed)
