"""What one hub process carries around: settings, database, clock, trail, exchange; made once, handed to each service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from prometheus_client import CollectorRegistry

from yiwang_kit.audit import Audit
from yiwang_kit.clock import Clock, SystemClock
from yiwang_kit.database import Database
from yiwang_kit.logging import logger
from yiwang_kit.settings import HubSettings

if TYPE_CHECKING:
    from yiwang_kit.exchange import Exchange
    from yiwang_kit.tokens import TokenVerifier

HTTP_TIMEOUT = 10.0


@dataclass
class Runtime:
    """The process's own things. 运行时。"""

    settings: HubSettings
    database: Database
    clock: Clock
    audit: Audit
    registry: CollectorRegistry
    http: httpx.Client
    log: Any
    exchange: Exchange
    tokens: TokenVerifier = field(init=False)

    def __post_init__(self) -> None:
        from yiwang_kit.auth import verifier_for

        self.tokens = verifier_for(self)

    def close(self) -> None:
        """Give back what was opened."""
        self.exchange.stop()
        self.http.close()
        self.database.dispose()


def build_runtime(
    settings: HubSettings,
    *,
    database: Database | None = None,
    clock: Clock | None = None,
    http: httpx.Client | None = None,
    exchange: Exchange | None = None,
) -> Runtime:
    """Make a runtime from settings; tests hand in what they want to hold in their hands."""
    from yiwang_kit.exchange import Exchange

    database = database or Database(settings.database)
    clock = clock or SystemClock()
    log = logger(settings)
    return Runtime(
        settings=settings,
        database=database,
        clock=clock,
        audit=Audit(clock),
        registry=CollectorRegistry(),
        http=http or httpx.Client(timeout=HTTP_TIMEOUT, trust_env=False),
        log=log,
        exchange=exchange or Exchange(settings, database, clock=clock, log=log),
    )
