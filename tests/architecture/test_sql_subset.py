"""Every statement that migrations make and that a working day runs keeps to docs/reference/sql-subset.md.

The statements are not guessed from the source: migrations are rendered, and a site is really worked with while each
statement that reaches PostgreSQL is written down. What no test of this tour runs is not seen here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event
from sqlglot import expressions as e

from support.postgres import Server
from support.site_lab import SERVICES, Site, opening
from yiwang_kit.database import Database
from yiwang_kit.migrations import migrate

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "sql-subset.md"
TYPES = {"UUID", "TEXT", "INT", "BIGINT", "BOOLEAN", "TIMESTAMPTZ", "DATE", "DOUBLE", "ARRAY"}
FUNCTIONS = {"SUM", "COALESCE", "LENGTH", "MAX", "COUNT", "EXISTS", "CASE", "CAST", "AND", "OR", "IF",
             "ARRAY_CONTAINS_ALL", "CURRENT_TIMESTAMP"}  # fmt: skip
FORBIDDEN: tuple[type[e.Expression], ...] = (
    e.With, e.Window, e.Lateral, e.Array, e.JSONExtract, e.JSONExtractScalar, e.ILike, e.RegexpLike, e.RegexpILike,
    e.Returning, e.OnConflict, e.Merge, e.Unnest, e.Intersect, e.Except, e.Pivot, e.TableSample,
)  # fmt: skip
OTHER = (
    re.compile(r"^LOCK TABLE [a-z]+\.[a-z_]+ IN (EXCLUSIVE|SHARE ROW EXCLUSIVE) MODE$"),
    re.compile(r"^SET LOCAL ROLE [a-z]+$"),
    re.compile(r"^COPY [a-z]+\.[a-z_]+ \([a-z_, ]+\) FROM STDIN$"),
    re.compile(r"^CREATE SCHEMA (IF NOT EXISTS )?[a-z_]+$"),
)
KIT_TABLE = re.compile(r"\bkit\.[a-z_]+")
PLACEHOLDER = re.compile(r"%\((\w+)\)s(::(TIMESTAMP WITH TIME ZONE|DOUBLE PRECISION|[A-Z]+)(\[\])?)?")


def faults(statement: str) -> list[str]:
    """Return what a statement holds beyond the subset."""
    plain = " ".join(statement.split())
    if any(pattern.match(plain) for pattern in OTHER):
        return []
    tree = sqlglot.parse_one(PLACEHOLDER.sub(r":\1", plain).replace("%%", "%"), dialect="postgres")
    if isinstance(tree, e.Command):
        return [f"statement {plain[:40]}"]
    found = [type(node).__name__ for node in tree.find_all(*FORBIDDEN)]
    found += [f"type {node.this.name}" for node in tree.find_all(e.DataType) if node.this.name not in TYPES]
    found += ["DISTINCT ON" for node in tree.find_all(e.Distinct) if node.args.get("on")]
    functions = (node for node in tree.find_all(e.Func) if not isinstance(node, (e.And, e.Or)))
    return found + [f"function {node.sql_name()}" for node in functions if node.sql_name() not in FUNCTIONS]


def rendered(service: str) -> list[str]:
    """Return the statements of a service's migrations without running them."""
    folder = ROOT / "services" / "src" / "yiwang_services" / service / "migrations"
    out = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": out})
    revisions = ScriptDirectory(str(folder), version_locations=[str(folder)]).walk_revisions()
    with Operations.context(context):
        for revision in reversed(list(revisions)):
            revision.module.upgrade()
    return [statement.strip() for statement in out.getvalue().split(";") if statement.strip()]


@pytest.fixture(scope="module")
def run(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Every different statement of a working day at one site."""
    name = postgres.create()
    database = Database(postgres.url(name))
    migrate(database, ["yiwang_kit", *(f"yiwang_services.{service}" for service in SERVICES)])
    database.dispose()
    heard: dict[str, None] = {}

    def hear(connection: object, cursor: object, statement: str, *_: object) -> None:
        heard[statement] = None

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        with opening(postgres, name, tmp_path_factory.mktemp("subset")) as open_site:
            work_a_day(open_site("441721"))
        yield list(heard)
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
        postgres.drop(name)


def work_a_day(site: Site) -> None:
    """Read everything that can be read, and carry one order to its end."""
    operator, administrator = site.person("operator"), site.person("administrator")
    site.visitor().sign_in("demo-leader", "wrong-password")
    order = operator.act(operator.register(), "accept")
    order = operator.act(operator.act(operator.dispatch(order), "sign"), "dispose", note="完成")
    operator.act(operator.act(order, "verify"), "close")
    for sort in ("created", "updated", "due"):
        page = operator.get("/api/collaboration/v1/orders", sort=sort, q="路", mine=True, state="closed", overdue=False)
        assert page.status_code == 200
    reads = (
        "collaboration/v1/orders?division=441721&limit=1", "collaboration/v1/orders?overdue=true", "collaboration/v1/summary",
        "collaboration/v1/orders?q=人民&todo=true&count=true", "collaboration/v1/orders?q=人民路&suspended=true",
        "collaboration/v1/orders/duplicates?matter=S001&division=441721&title=路灯", "collaboration/v1/orders/export.csv",
        "matter/v1/matters?on=2026-11-23&q=S", "matter/v1/matters/S001", "management/v1/divisions?q=阳",
        "management/v1/divisions/441721", "management/v1/units?q=局&division=441721", "management/v1/roles",
        "indicator/v1/definitions?q=率", "indicator/v1/definitions/rate.on_time",
        "indicator/v1/values?code=rate.on_time&division=441721&from=2026-01-01&to=2026-12-01",
        "situation/v1/topics", "situation/v1/topics/overview?division=441721100", "situation/v1/topics/city_appearance",
        "situation/v1/alarms?division=441721&state=all",
    )  # fmt: skip
    for chore in site.runtime.chores:
        chore()
    for path in reads:
        assert operator.get(f"/api/{path}").status_code == 200, path
    for path in ("users?q=demo", "posts", "grants"):
        assert administrator.get(f"/api/management/v1/{path}").status_code == 200, path
    administrate(administrator)


def administrate(administrator: object) -> None:
    """Add a unit and a person, give and take rights, close both."""
    api, person = "/api/management/v1", administrator
    get, post = person.get, person.post  # type: ignore[attr-defined]
    root = next(unit for unit in get(f"{api}/units", limit=200).json()["items"] if unit["parent"] is None)
    unit = post(f"{api}/units", {"name": "园林局", "division": "441721", "kind": "parks", "parent": root["id"]}).json()[
        "id"
    ]
    user = post(f"{api}/users", {"login": "gardener", "name": "园丁", "unit": unit}).json()["id"]
    held = post(f"{api}/posts", {"user": user, "unit": unit, "role": "handler"}).json()["id"]
    grant = post(f"{api}/grants", {"user": user, "unit": unit, "role": "handler"}).json()["id"]
    for path in (f"posts/{held}", f"grants/{grant}"):
        assert person.delete(f"{api}/{path}").status_code == 200  # type: ignore[attr-defined]
    for path in (f"users/{user}/unlock", f"users/{user}/reset-password", f"users/{user}/close", f"units/{unit}/close"):
        assert post(f"{api}/{path}", {}).status_code in {200, 403}


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_keep_to_the_subset(service: str) -> None:
    statements = rendered(service)
    assert len(statements) > 3
    assert {fault: s[:200] for s in statements for fault in faults(s)} == {}


def test_a_working_day_of_the_services_keeps_to_the_subset(run: list[str]) -> None:
    services = [statement for statement in run if not KIT_TABLE.search(statement)]
    assert len(services) > 60
    assert {fault: s[:300] for s in services for fault in faults(s)} == {}


def test_the_page_names_every_type_and_function_of_the_subset() -> None:
    page = PAGE.read_text(encoding="utf-8")
    spelt = {"ARRAY": "TEXT[]", "ARRAY_CONTAINS_ALL": "@>"}
    words = (spelt.get(name, name) for name in sorted(TYPES | FUNCTIONS - {"AND", "OR", "IF"}))
    assert [word for word in words if f"`{word}`" not in page] == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT a[1] FROM t WHERE a @> ARRAY[1]",
        "WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x",
        "SELECT row_number() OVER (ORDER BY a) FROM t",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING",
        "UPDATE t SET a = 1 RETURNING a",
        "SELECT DISTINCT ON (a) a FROM t",
        "SELECT a ->> 'b' FROM t",
        "CREATE TABLE t (a jsonb)",
        "SELECT gen_random_uuid()",
        "CREATE EXTENSION pg_trgm",
        "SELECT a FROM t WHERE a ILIKE 'x'",
    ],
)
def test_what_is_outside_the_subset_is_found(statement: str) -> None:
    assert faults(statement) != []
