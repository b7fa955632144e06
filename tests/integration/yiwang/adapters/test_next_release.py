"""The committed overlay N+1: its migration runs on a real database while the release before it still works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from yiwang.adapters import builder
from yiwang.adapters.source import read_source, write_files
from yiwang_kit.database import Database
from yiwang_kit.migrations import current, migrate

ROOT = Path(__file__).resolve().parents[4]
NEXT = ROOT / "tests" / "support" / "next"
FAILING = ROOT / "tests" / "support" / "failing"
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


def test_the_next_release_brings_a_migration_a_contract_and_content_and_is_entered_from_this_one() -> None:
    now, later = read_source(ROOT), read_source(ROOT, overlay=NEXT)
    assert later.version > now.version
    assert later.policy.may_enter_from == (now.version,)
    heads = [builder.migration_heads(source)["collaboration"] for source in (now, later)]
    assert heads[1].endswith("_citizen_rating")
    assert heads[0] < heads[1]
    new_contracts = builder.contract_hashes(later).keys() - builder.contract_hashes(now).keys()
    assert new_contracts == {"collaboration/order.handover.v3"}
    assert set(builder.content_packs(later)) - set(builder.content_packs(now))


def test_the_failing_release_stands_on_the_next_one_and_is_never_ready(tmp_path: Path) -> None:
    failing, later = read_source(ROOT, overlay=FAILING), read_source(ROOT, overlay=NEXT)
    assert later.version in failing.policy.may_enter_from
    assert builder.migration_heads(failing) == builder.migration_heads(later)
    write_files(failing.below("services/src"), tmp_path)
    ask = "from yiwang_kit.health import Readiness; print(Readiness(None, []).reasons())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    assert "made to fail" in done.stdout
