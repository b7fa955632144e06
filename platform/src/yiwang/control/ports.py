"""What control needs from the rest of the platform, named by what it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from yiwang.model.command import Command, SignedCommand
from yiwang.model.release import Manifest
from yiwang.model.site import SiteTree
from yiwang.model.trust import Enrolment, EnrolmentRequest, HybridPublic, Revocations


class PackSource(Protocol):
    """Renders a site's configuration for a release, by that release's own emitter. 配置包来源。"""

    def render(self, site: str, release: str) -> Mapping[str, str]:
        """Return the pack: path → text."""


class TrustStore(Protocol):
    """What control signs and publishes with its online keys. 信任库。"""

    def publish_release(self, folder: Path) -> Manifest:
        """Publish a release folder; return its manifest."""

    def publish_packs(self, packs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Publish site packs (by site); return their digests."""

    def sign_command(self, command: Command) -> SignedCommand:
        """Sign a command with control's key."""

    def issue(self, request: EnrolmentRequest, serial: int) -> Enrolment:
        """Answer a checked enrolment request."""

    def refresh(self) -> bool:
        """Renew timestamp metadata that would expire soon."""

    def revocations(self) -> Revocations:
        """Return what is revoked and fenced now."""

    def revoke(self, serial: int) -> None:
        """Publish that a statement, and the certificate with its serial, are believed no more."""

    def fence(self, site: str, incarnation: int) -> None:
        """Publish that this incarnation of a site and all before it are believed no more."""

    def identity(self) -> HybridPublic:
        """Return the key by which sites believe each other's statements."""


class TreeSource(Protocol):
    """The operator's site tree as it is now. 站点树来源。"""

    def load(self) -> SiteTree:
        """Return the tree."""

    def address(self, site: str) -> str | None:
        """Return where people open the site, if it lies on this machine or is declared."""


@dataclass(frozen=True)
class Ports:
    """Everything that control stands on. 管控依赖。"""

    packs: PackSource
    trust: TrustStore
    tree: TreeSource
