"""A hub's settings: one JSON file of the signed site pack; unknown keys are refused with their path.

Secrets never stand in it, only the files that hold them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Tier = Literal["province", "city", "county", "town"]


class SettingsError(Exception):
    """A settings file that cannot be used; says where, what was expected and the next command. 设置无效。"""

    def __init__(self, path: Path, where: str, expectation: str) -> None:
        super().__init__(f"{path}: {where}: {expectation}. Next: yiwang render --check")
        self.path = path
        self.where = where
        self.expectation = expectation


class Section(BaseModel):
    """A part of the settings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class SiteIdentity(Section):
    """Who this site is. 站点身份。"""

    id: str
    """Immutable site id: certificate, subjects and addresses use it."""
    code: str
    """Current division code, 6, 9 or 12 digits."""
    name: str
    name_en: str = ""
    tier: Tier
    parent: str | None = None
    """Site id of the parent; None at the top."""
    children: list[str] = Field(default_factory=list)
    """Site ids of direct children."""
    instance: str = "main"
    ancestors: list[str] = Field(default_factory=list)
    """Site ids from the top down to the parent."""


class Listen(Section):
    """Where the hub listens. 监听地址。"""

    host: str
    port: int


class DatabaseSettings(Section):
    """How the hub reaches its PostgreSQL. 数据库连接。"""

    host: str
    port: int
    name: str = "hub"
    user: str = "hub"
    password_file: Path

    def url(self) -> str:
        """Return an SQLAlchemy address with the password read now; a host that is a path is a socket's folder."""
        from sqlalchemy import URL

        password = self.password_file.read_text(encoding="utf-8").strip()
        local = self.host.startswith("/")
        host, query = (None, {"host": self.host}) if local else (self.host, {})
        url = URL.create("postgresql+psycopg", self.user, password, host, self.port, self.name, query)
        return url.render_as_string(hide_password=False)


class Peer(Section):
    """A neighbour in the tree. 相邻站点。"""

    site: str
    name: str = ""
    relation: Literal["parent", "child"]
    link: Literal["leaf", "stick"] = "leaf"
    """How envelopes travel: over the network, or on a stick that somebody carries."""
    server: str = ""
    """Address of this site's own NATS server: the leaf link does the rest. Empty for a stick."""
    credentials: Path | None = None
    """File with the user's JWT and seed for this edge's account; none for a stick."""
    subtree: list[str] = Field(default_factory=list)
    """Site ids reached through this peer besides itself."""


class ExchangeSettings(Section):
    """The links between tiers. 层级交换。"""

    peers: list[Peer] = Field(default_factory=list)
    identity_dir: Path | None = None
    poll_seconds: float = 1.0


class AttachmentSettings(Section):
    """What files a site takes and how fast it fetches them from neighbours. 附件。"""

    max_bytes: int = Field(default=20 * 1024 * 1024, ge=1, le=20 * 1024 * 1024)
    """Bytes of one file."""
    quota_bytes: int = Field(default=50 * 1024**3, ge=1)
    """Bytes of all files together."""
    locations: Literal["blank", "keep"] = "blank"
    """Whether the place where a photo was taken is blanked at upload."""
    bytes_per_second: int = Field(default=1024 * 1024, ge=1024)
    """How fast files are fetched from neighbours, all together: messages come first."""


class LogSettings(Section):
    """What is logged and how. 日志。"""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class RateSettings(Section):
    """How often one caller may ask: at once, and per second after that. 访问频率。"""

    session_per_second: float = Field(default=50.0, gt=0)
    session_burst: float = Field(default=200.0, ge=1)
    address_per_second: float = Field(default=200.0, gt=0)
    """An office shares one address, so this is wider than one person needs."""
    address_burst: float = Field(default=800.0, ge=1)


class SignInSettings(Section):
    """A sign-in provider other than our own management service. 外部身份服务。"""

    issuer: str
    """Exactly as its tokens name it; discovery is read below it."""
    client_id: str = "hub"
    client_secret_file: Path | None = None
    login_claim: str = "preferred_username"
    """The claim that holds a login of this site."""


class HubSettings(Section):
    """Everything that one hub process is told. 站点中枢的设置。"""

    schema_: Literal[1] = Field(1, alias="schema")
    site: SiteIdentity
    release: str
    demo: bool = False
    """True under a demo root of trust; the console shows it."""
    listen: Listen
    public_url: str
    database: DatabaseSettings
    services: list[str]
    exchange: ExchangeSettings = ExchangeSettings()
    secrets_dir: Path
    attachments_dir: Path | None = None
    attachments: AttachmentSettings = AttachmentSettings()
    fleet_url: str | None = None
    """Control's address; None means no fleet page."""
    fleet_audience: str = "fleet"
    sign_in: SignInSettings | None = None
    """Another sign-in provider; None means this hub's own, at `{public_url}/oidc`."""
    log: LogSettings = LogSettings()
    rates: RateSettings = RateSettings()
    threads: int = 8
    """Upper bound of the pool that runs request handlers."""


def load_settings(path: Path) -> HubSettings:
    """Read and check a settings file. Raises SettingsError naming the first key that is wrong."""
    return parse_settings(_read(path), path)


def parse_settings(content: Any, path: Path = Path("settings.json")) -> HubSettings:
    """Check settings that are already in memory."""
    try:
        return HubSettings.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "(top)"
        raise SettingsError(path, where, first["msg"]) from error


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(path, "(file)", f"a readable file, but {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(path, "(file)", f"JSON, but {error}") from error
