"""Province, city and county over the real exchange with a network in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from yiwang_kit.clock import SystemClock
from yiwang_kit.crypto import HybridPrivateKey
from yiwang_kit.exchange import Exchange
from yiwang_kit.exchange.carrier import LinkDown, MemoryNetwork
from yiwang_kit.exchange.directory import Identity, MemoryDirectory

SITES = ("440000", "441700", "441721")
SUBTREE = {"441700": ["441721"], "441721": []}


def peers_of(tree: dict[str, Any], site: str) -> list[dict[str, Any]]:
    """The links of one site as its settings say them."""
    parent, children = tree[site]["parent"], tree[site]["children"]
    up = [{"site": parent, "relation": "parent", "server": "-", "credentials": "-"}] if parent else []
    down = [
        {"site": c, "relation": "child", "server": "-", "credentials": "-", "subtree": SUBTREE[c]} for c in children
    ]
    return up + down


def new_keys() -> dict[str, HybridPrivateKey]:
    """One signing key a site."""
    return {site: HybridPrivateKey.generate() for site in SITES}


class Three:
    """Three hubs with running relays."""

    def __init__(self, open_site: Any, tree: Any, keys: dict[str, HybridPrivateKey]) -> None:
        self.network = MemoryNetwork()
        public = {(site, 1): key.public_key() for site, key in keys.items()}

        def exchange(settings: Any, database: Any, clock: Any) -> Exchange:
            site = settings.site.id
            directory = MemoryDirectory(Identity(site, 1, keys[site]), public)
            log = build_log()
            return Exchange(
                settings, database, clock=clock, log=log, directory=directory, carrier=self.network.carrier(site)
            )

        self.sites = {
            site: open_site(site, clock=SystemClock(), exchange=exchange, peers=peers_of(tree, site)) for site in SITES
        }
        for site in self.sites.values():
            site.runtime.exchange.start()

    def __getitem__(self, site: str) -> Any:
        return self.sites[site]

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Nothing gets through for as long as the block lasts."""

        def nothing(*_: Any) -> bytes:
            raise LinkDown("cut by the test")

        self.network.weather = nothing
        yield
        self.network.weather = None
        for site in self.sites.values():
            site.runtime.exchange.wake()


def build_log() -> Any:
    """A log that keeps quiet."""
    import structlog

    return structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
