"""What an agent is told when it is bootstrapped; everything later comes signed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from yiwang.errors import NotReady
from yiwang.model.declared import Declared
from yiwang.model.paths import SitePaths
from yiwang.model.trust import SiteId


class AgentSettings(Declared):
    """Everything that an agent needs to start. 代理设置。"""

    schema_: Literal[1] = Field(alias="schema")
    site: SiteId
    control_url: str
    repository_url: str
    """Where signed artefacts are fetched: a mirror need not be trusted."""
    profile: Literal["demo", "production"] = "demo"
    medium: Literal["link", "stick"] = "link"
    root: Path
    """The site's folder."""
    runtime: Path
    engines: Path
    hub_url: str
    """Where this site's hub answers, for the cheap health look between proofs."""
    database_system_user: str | None = None
    poll_seconds: float = Field(default=2.0, gt=0)
    backoff_seconds: float = Field(default=30.0, gt=0)
    """The longest pause between polls when control is silent."""
    health_seconds: float = Field(default=10.0, gt=0)
    proof_seconds: float = Field(default=3600.0, gt=0)
    report_seconds: float = Field(default=7800.0, gt=0)
    """How long a report is believed; longer than two proofs apart, or a busy site would turn stale."""

    @property
    def paths(self) -> SitePaths:
        """Return the site's folders."""
        return SitePaths(root=self.root, runtime=self.runtime, engines=self.engines)


def load_settings(path: Path) -> AgentSettings:
    """Read the settings file. Raises NotReady naming what is wrong."""
    try:
        return AgentSettings.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReady(what=f"{path}: {error.strerror}", next="yiwang up") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NotReady(what=f"{path}: {where}: {first['msg']}", next="yiwang up") from error
