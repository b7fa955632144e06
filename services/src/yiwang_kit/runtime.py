"""What one hub process carries around: settings, database, clock, trail, exchange; made once, handed to each service."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from prometheus_client import CollectorRegistry

from yiwang_kit import crypto, inprocess
from yiwang_kit.attachments import Attachments
from yiwang_kit.audit import Audit
from yiwang_kit.clock import Clock, SystemClock
from yiwang_kit.database import Database
from yiwang_kit.logging import logger
from yiwang_kit.settings import HubSettings

if TYPE_CHECKING:
    from yiwang_kit.auth import Actor
    from yiwang_kit.exchange import Exchange
    from yiwang_kit.signin import SignIn

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
    """Reaches `public_url` within this process, everything else over the network."""
    own: inprocess.InProcess
    log: Any
    exchange: Exchange
    boot: dict[str, Any] | None = None
    """What boot.py found in the installed files; None in development."""
    fleet_token: Callable[[Actor], str] | None = None
    """Issues a token of audience `fleet_audience` for a person; set by the service that is the sign-in provider."""
    chores: list[Callable[[], object]] = field(default_factory=list)
    """What services do soon after the start and hourly from then on; each opens its own transactions and may repeat."""
    sign_in: SignIn = field(init=False)
    attachments: Attachments = field(init=False)

    def __post_init__(self) -> None:
        from yiwang_kit.signin import SignIn

        self.sign_in = SignIn(self.settings, self.http, self.clock)
        self.attachments = Attachments(self.settings, self.clock)

    @property
    def crypto(self) -> crypto.CryptoProvider:
        """The preferred SM2 provider of this machine."""
        return crypto.provider()

    def close(self) -> None:
        """Give back what was opened."""
        self.exchange.stop()
        self.http.close()
        self.database.dispose()


def _control(settings: HubSettings) -> dict[str, httpx.HTTPTransport]:
    """Return the way to control: believed by the site CA alone, never by the system's authorities."""
    folder, address = settings.exchange.identity_dir, settings.fleet_url or ""
    authority = folder / "ca.pem" if folder else None
    if not address.startswith("https:") or authority is None or not authority.is_file():
        return {}
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return {address: httpx.HTTPTransport(verify=context)}


def build_runtime(
    settings: HubSettings,
    *,
    database: Database | None = None,
    clock: Clock | None = None,
    http: httpx.Client | None = None,
    exchange: Exchange | None = None,
    boot: dict[str, Any] | None = None,
    log: Any = None,
) -> Runtime:
    """Make a runtime from settings; tests hand in what they want to hold in their hands."""
    from yiwang_kit.exchange import Exchange

    database = database or Database(settings.database)
    clock = clock or SystemClock()
    log = log or logger(settings)
    own = inprocess.InProcess()
    return Runtime(
        settings=settings,
        database=database,
        clock=clock,
        audit=Audit(clock),
        registry=CollectorRegistry(),
        http=http or inprocess.client(settings.public_url, own, timeout=HTTP_TIMEOUT, mounts=_control(settings)),
        own=own,
        log=log,
        exchange=exchange or Exchange(settings, database, clock=clock, log=log),
        boot=boot,
    )
