"""Migrations of a service of one's own making: steps, concurrent indexes, a failing one, two runners at once, old locks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from yiwang_kit.database import Database
from yiwang_kit.migrations import current, heads, migrate, pending

PACKAGE = "matter_toy.matter"
KIT = "yiwang_kit"
HEADER = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {revision!r}\ndown_revision = {down!r}\n\ndef upgrade():\n"
TABLE = "    op.create_table('thing', sa.Column('id', sa.Integer, primary_key=True), sa.Column('n', sa.Integer), schema='matter')\n"
INDEX = (
    "    with op.get_context().autocommit_block():\n"
    "        op.execute('DROP INDEX IF EXISTS matter.thing_n')\n"
    "        op.create_index('thing_n', 'thing', ['n'], schema='matter', postgresql_concurrently=True)\n"
)
FAILING = "    op.add_column('thing', sa.Column('x', sa.Integer), schema='matter')\n    op.execute('SELECT 1/0')\n"
COLUMN = "    op.add_column('thing', sa.Column('x', sa.Integer), schema='matter')\n"


class Service:
    """A service on disk, with as many revisions as a test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "matter_toy" / "matter"
        (self.folder / "migrations").mkdir(parents=True)
        (self.folder.parent / "__init__.py").touch()
        (self.folder / "__init__.py").touch()

    def write(self, revision: str, down: str | None, body: str) -> None:
        """Write one revision."""
        file = self.folder / "migrations" / f"{revision}.py"
        file.write_text(HEADER.format(revision=revision, down=down) + body, encoding="utf-8")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service with two revisions, the second a concurrent index."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Service(tmp_path)
    made.write("0001_thing", None, TABLE)
    made.write("0002_index", "0001_thing", INDEX)
    yield made
    for name in [name for name in sys.modules if name.startswith("matter_toy")]:
        del sys.modules[name]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the kit's schema."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def revisions(database: Database, to: str = "heads") -> list[str]:
    """Migrate; return what ran."""
    return [step.revision for step in migrate(database, [PACKAGE], to=to)]


def test_steps_run_in_order_and_once(database: Database, service: Service) -> None:
    assert pending(database, [PACKAGE]) == ["matter"]
    assert revisions(database) == ["0001_thing", "0002_index"]
    assert revisions(database) == []
    assert pending(database, [PACKAGE]) == []


def test_a_later_release_adds_its_own_steps_only(database: Database, service: Service) -> None:
    revisions(database)
    service.write("0003_column", "0002_index", COLUMN)
    assert pending(database, [PACKAGE]) == ["matter"]
    assert revisions(database) == ["0003_column"]


def test_one_may_stop_before_the_head(database: Database, service: Service) -> None:
    assert revisions(database, to="0001_thing") == ["0001_thing"]
    assert current(database, [PACKAGE]) == {"matter": "0001_thing"}
    assert heads([PACKAGE]) == {"matter": "0002_index"}


def test_a_failing_step_leaves_those_before_it_and_none_of_its_own(database: Database, service: Service) -> None:
    service.write("0003_column", "0002_index", FAILING)
    with pytest.raises(DBAPIError, match="division by zero"):
        revisions(database)
    assert current(database, [PACKAGE]) == {"matter": "0002_index"}
    service.write("0003_column", "0002_index", COLUMN)
    assert revisions(database) == ["0003_column"]


def test_two_at_once_migrate_once(database: Database, service: Service) -> None:
    with ThreadPoolExecutor(2) as pool:
        ran = sorted(pool.map(lambda _: revisions(database), range(2)))
    assert ran == [[], ["0001_thing", "0002_index"]]


def test_a_lock_that_an_old_release_holds_is_not_waited_for_long(database: Database, service: Service) -> None:
    revisions(database)
    service.write("0003_column", "0002_index", COLUMN)
    with database.engine.begin() as holder:
        holder.execute(text("SELECT * FROM matter.thing"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            revisions(database)
    assert revisions(database) == ["0003_column"]


def test_the_settings_of_a_migration_do_not_stay_on_the_connection(database: Database, service: Service) -> None:
    revisions(database)
    with database.transaction() as session:
        assert session.execute(text("SHOW lock_timeout")).scalar() == "0"
        assert session.execute(text("SHOW statement_timeout")).scalar() == "30s"


def test_a_service_reads_published_views_and_no_tables_of_another(database: Database, service: Service) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA other_public"))
        connection.execute(text("CREATE SCHEMA other"))
        connection.execute(text("CREATE TABLE other.secret (a int)"))
        connection.execute(text("CREATE VIEW other_public.v1_secret AS SELECT a FROM other.secret"))
    revisions(database)
    with database.transaction("matter") as session:
        session.execute(text("SELECT * FROM other_public.v1_secret"))
        with pytest.raises(DBAPIError, match="permission denied for schema other"):
            session.execute(text("SELECT * FROM other.secret"))
