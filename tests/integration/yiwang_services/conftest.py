"""Sites with the hub's services, as long as a test or a module of tests needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.postgres import Server
from support.site_lab import SERVICES, START, TREE, Founded, OpenSite, Site, complaint, opening, said_by, settings_of
from yiwang_kit.app import create_hub
from yiwang_kit.clock import ManualClock
from yiwang_kit.database import Database
from yiwang_kit.migrations import migrate
from yiwang_kit.runtime import build_runtime


@pytest.fixture(scope="session")
def served_template(postgres: Server) -> str:
    """A database with every schema of the hub's services, to clone from."""
    name = postgres.create()
    database = Database(postgres.url(name))
    migrate(database, ["yiwang_kit", *(f"yiwang_services.{service}" for service in SERVICES)])
    database.dispose()
    return name


@pytest.fixture(scope="module")
def open_site(postgres: Server, served_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSite]:
    """Opens sites that live as long as the test module."""
    with opening(postgres, served_template, tmp_path_factory.mktemp("sites")) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def county(open_site: OpenSite) -> Site:
    """The county alone, without links, shared by a module's tests."""
    return open_site("441721")


@pytest.fixture(scope="session")
def founded_county(postgres: Server, served_template: str, tmp_path_factory: pytest.TempPathFactory) -> Founded:
    """A county's database with content, organisation and people, to clone from, and the people's passwords."""
    name = postgres.create(served_template)
    runtime = build_runtime(
        settings_of("441721", tmp_path_factory.mktemp("founded")),
        database=Database(postgres.url(name)),
        clock=ManualClock(START),
    )
    users = said_by("demo-users", runtime)["users"]
    runtime.close()
    return name, {role: user["password"] for role, user in users.items()}


@pytest.fixture
def fresh_county(postgres: Server, founded_county: Founded, tmp_path: Path) -> Iterator[Site]:
    """The county alone, for one test that would disturb others."""
    template, passwords = founded_county
    name = postgres.create(template)
    settings = settings_of("441721", tmp_path)
    runtime = build_runtime(settings, database=Database(postgres.url(name)), clock=ManualClock(START))
    yield Site(runtime, create_hub(settings, runtime=runtime), dict(passwords))
    runtime.close()
    postgres.drop(name)


@pytest.fixture(scope="session")
def tree() -> dict[str, dict[str, Any]]:
    """The sites that tests open."""
    return TREE


@pytest.fixture(scope="session")
def say() -> Callable[..., dict[str, Any]]:
    """Runs a command of management and returns what it printed."""
    return said_by


@pytest.fixture(scope="session")
def an_order() -> Callable[..., dict[str, Any]]:
    """Makes the content of an order that is right but for the changes."""
    return complaint
