"""What the control process is told at start; unknown keys are refused with their path."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from yiwang.errors import NotReady
from yiwang.model.command import OperatorKey
from yiwang.model.declared import Declared


class Listen(Declared):
    """Where control listens. 监听地址。"""

    host: str
    port: int = Field(gt=0, lt=65536)


class ControlDatabase(Declared):
    """Control's own small database. 管控数据库。"""

    host: str
    port: int
    name: str = "control"
    user: str = "control"
    password_file: Path | None = None

    def url(self) -> str:
        """Return the address for SQLAlchemy, with the password read now."""
        from sqlalchemy import URL

        password = self.password_file.read_text(encoding="utf-8").strip() if self.password_file else None
        query = {"host": self.host} if self.host.startswith("/") else {}
        url = URL.create(
            "postgresql+psycopg", self.user, password, None if query else self.host, self.port, self.name, query
        )
        return url.render_as_string(hide_password=False)


class Tls(Declared):
    """By what control proves itself, and whom it believes. 管控 TLS。"""

    inner_port: int = Field(gt=0, lt=65536)
    """Where the web server listens behind the TLS door; it answers nobody who did not come through it."""
    identity: Path
    """Key and certificate in one file."""
    authority: Path


class ControlSettings(Declared):
    """Everything that control needs to start. 管控设置。"""

    schema_: Literal[1] = Field(alias="schema")
    workspace: Path
    """Folder of the operator's workspace: site tree and trust."""
    state: Path
    """State folder; the repository lies below it, and so do the sites on this machine."""
    runtime: Path
    listen: Listen
    tls: Tls | None = None
    """None is for tests of one process; the program refuses to listen without it."""
    public_url: str
    database: ControlDatabase
    operators: tuple[OperatorKey, ...] = ()
    """Who may operate, by key. Approvals count different names."""
    database_system_user: str | None = None
    """The system user that sites' databases drop to on this machine; it stands in their packs."""
    tick_seconds: float = Field(default=0.5, gt=0)
    report_stale_seconds: int = 2 * 3600
    log_level: str = "info"


def load_settings(path: Path) -> ControlSettings:
    """Read the settings file. Raises NotReady naming what is wrong."""
    try:
        return ControlSettings.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReady(what=f"{path}: {error.strerror}", next="yiwang control start") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NotReady(what=f"{path}: {where}: {first['msg']}", next="yiwang control start") from error
