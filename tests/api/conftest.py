"""One county with people, for foreign engines that knock at every documented door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.postgres import Server
from support.site_lab import SERVICES, Site, said_by, settings_of
from yiwang_kit.app import create_hub
from yiwang_kit.clock import SystemClock
from yiwang_kit.database import Database
from yiwang_kit.migrations import migrate
from yiwang_kit.runtime import build_runtime
from yiwang_kit.settings import RateSettings

WIDE = RateSettings(session_per_second=1e6, session_burst=1e6, address_per_second=1e6, address_burst=1e6)


@pytest.fixture(scope="session")
def county(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A county's hub with every service, its organisation and one person a role; without limits on the rate."""
    name = postgres.create()
    database = Database(postgres.url(name))
    migrate(database, ["yiwang_kit", *(f"yiwang_services.{service}" for service in SERVICES)])
    settings = settings_of("441721", tmp_path_factory.mktemp("county")).model_copy(update={"rates": WIDE})
    runtime = build_runtime(settings, database=database, clock=SystemClock())
    users = said_by("demo-users", runtime)["users"]
    passwords = {role: user["password"] for role, user in users.items()}
    yield Site(runtime, create_hub(settings, runtime=runtime), passwords)
    runtime.close()
    postgres.drop(name)
