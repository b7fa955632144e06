"""Province, city and county on real sockets, for a real browser: real PostgreSQL, services, sign-in and exchange.

Only the network between the three is in memory. The lane may name sites that run already instead (see tests/browser).
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import structlog

from support.postgres import Server
from support.site_lab import SERVICES, TREE, said_by, settings_of
from yiwang.adapters.builder import console_dist
from yiwang.adapters.source import read_source
from yiwang_kit.app import create_hub
from yiwang_kit.clock import SystemClock
from yiwang_kit.crypto import HybridPrivateKey
from yiwang_kit.database import Database
from yiwang_kit.exchange import Exchange
from yiwang_kit.exchange.carrier import MemoryNetwork
from yiwang_kit.exchange.directory import Identity, MemoryDirectory
from yiwang_kit.migrations import migrate
from yiwang_kit.runtime import Runtime, build_runtime
from yiwang_kit.settings import HubSettings
from yiwang_services.collaboration.commands import demonstration

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
ENGLISH = {"440000": "Guangdong", "441700": "Yangjiang", "441721": "Yangxi"}


def peers_of(site: str) -> list[dict[str, Any]]:
    """The links of one site as its settings say them."""
    parent = TREE[site]["parent"]
    up = [{"site": parent, "relation": "parent", "server": "-", "credentials": "-"}] if parent else []
    down = [
        {"site": child, "relation": "child", "server": "-", "credentials": "-", "subtree": TREE[child]["children"]}
        for child in TREE[site]["children"]
    ]
    return up + down


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def addressed(settings: HubSettings, site: str) -> HubSettings:
    """Put a site on a port of its own."""
    port = free_port()
    return settings.model_copy(update={
        "listen": settings.listen.model_copy(update={"host": "127.0.0.1", "port": port}),
        "public_url": f"http://127.0.0.1:{port}",
        "site": settings.site.model_copy(update={"name_en": ENGLISH[site]}),
    })  # fmt: skip


@contextmanager
def listening(hub: Any, settings: HubSettings) -> Iterator[None]:
    """Serve a hub from a thread, as `serve all` does from a process."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server as Granian

    server = Granian(hub, address=settings.listen.host, port=settings.listen.port, interface=Interfaces.ASGI,
                     http=HTTPModes.http1, websockets=False, log_access=False, log_enabled=False)  # fmt: skip
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), name="hub", daemon=True)
    thread.start()
    wait_for(f"{settings.public_url}/readyz")
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(READY_SECONDS)
        loop.close()


def wait_for(address: str) -> None:
    """Wait until an address answers with success."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(address).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(address)


def page_importable(folder: Path) -> None:
    """Let the hub find the page as it finds it in a wheel: built as a release builds it, as the package `yiwang_console`."""
    page = console_dist(read_source(ROOT), print)
    assert page is not None, "a checkout has a console"
    (folder / "yiwang_console").symlink_to(page, target_is_directory=True)
    sys.path.insert(0, str(folder))


@contextmanager
def three_sites(postgres: Server, folder: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """Run the three sites; yield what tests/browser reads: site → {base_url, users}."""
    page_importable(folder)
    network = MemoryNetwork()
    keys = {site: HybridPrivateKey.generate() for site in TREE}
    public = {(site, 1): key.public_key() for site, key in keys.items()}

    def founded(site: str) -> Runtime:
        settings = addressed(settings_of(site, folder / site, peers_of(site)), site)
        database = Database(postgres.url(postgres.create()))
        migrate(database, ["yiwang_kit", *(f"yiwang_services.{service}" for service in SERVICES)])
        directory = MemoryDirectory(Identity(site, 1, keys[site]), public)
        exchange = Exchange(settings, database, clock=SystemClock(), log=structlog.get_logger(), directory=directory,
                            carrier=network.carrier(site))  # fmt: skip
        return build_runtime(settings, database=database, clock=SystemClock(), exchange=exchange)

    running: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        for site in TREE:
            runtime = founded(site)
            users = said_by("demo-users", runtime)["users"]
            stack.enter_context(listening(create_hub(runtime.settings, runtime=runtime), runtime.settings))
            running[site] = {"base_url": runtime.settings.public_url, "users": users}
        yield running


@contextmanager
def filled_site(postgres: Server, folder: Path, site: str, orders: int) -> Iterator[tuple[dict[str, Any], Runtime]]:
    """Run one site alone with invented orders, its hourly work done; yield its address and people, and its runtime."""
    page_importable(folder)
    settings = addressed(settings_of(site, folder / site), site)
    database = Database(postgres.url(postgres.create()))
    migrate(database, ["yiwang_kit", *(f"yiwang_services.{service}" for service in SERVICES)])
    runtime = build_runtime(settings, database=database, clock=SystemClock())
    users = said_by("demo-users", runtime)["users"]
    hub = create_hub(settings, runtime=runtime)
    if demonstration(runtime, ["--orders", str(orders)]) != 0:
        raise RuntimeError("no invented orders")
    for chore in runtime.chores:
        chore()
    with listening(hub, settings):
        yield {"base_url": settings.public_url, "users": users}, runtime
