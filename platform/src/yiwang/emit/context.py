"""What an emitter must be told beside the definition: the assignment, and the facts of one machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yiwang.model.paths import ControlPaths, SitePaths
from yiwang.model.site import SiteTree


@dataclass(frozen=True)
class SiteContext:
    """One site's assignment and its machine. 站点上下文。"""

    release: str
    demo: bool
    """Whether the root of trust is a demonstration."""
    tree: SiteTree
    paths: SitePaths
    addresses: Mapping[str, str]
    """Loopback address by site id: at least this site's and its parent's."""
    fleet_url: str | None = None
    """Address of control; None = the console has no fleet page."""
    database_system_user: str | None = None
    """The system user PostgreSQL drops to when the supervisor runs as root; None = it runs as the supervisor does."""


@dataclass(frozen=True)
class ControlContext:
    """Control's installation on its machine. 管控上下文。"""

    paths: ControlPaths
    address: str
    python: str
    """Interpreter of control's environment."""
    settings: str
    """Control's settings file."""
    database_system_user: str | None = None
