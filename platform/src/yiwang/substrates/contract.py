"""The contract that every substrate keeps. Each phase converges, so a repeat is harmless; revert is a switch back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from yiwang.model.proof import FileDrift, LoadedProcess
from yiwang.model.release import Manifest
from yiwang.model.substrate import Phase

Say = Callable[[str], None]


class StepFailed(Exception):
    """A phase that did not reach its goal; what ran before still runs unless `changed`. 步骤未完成。"""

    def __init__(self, phase: Phase, detail: str, *, changed: bool) -> None:
        super().__init__(f"{phase}: {detail}")
        self.phase = phase
        self.detail = detail
        self.changed = changed


class ReleaseSource(Protocol):
    """Where verified artefacts come from. 发布来源。"""

    def fetch(self, release: str, target: Path) -> Manifest:
        """Put a release's verified files (hub and engines) into a folder; files that are there already are kept."""


@dataclass(frozen=True)
class DesiredState:
    """What a site is to be: a release, and the pack that the release's own emitter made for it. 期望状态。"""

    release: str
    manifest_sha256: str
    pack: Mapping[str, str]


@dataclass(frozen=True)
class SiteFacts:
    """What a site is now. 站点现状。"""

    site: str
    current: str | None
    """The release that the process table names."""
    installed: tuple[str, ...]
    engines: Mapping[str, str]
    running: Mapping[str, str]
    """State by process name."""


@dataclass(frozen=True)
class Step:
    """One phase of a plan, and why it is needed or not. 计划步骤。"""

    phase: Phase
    reason: str
    needed: bool


@dataclass(frozen=True)
class StepResult:
    """What a phase did. 步骤结果。"""

    phase: Phase
    changed: bool
    detail: str


@dataclass(frozen=True)
class Proof:
    """What was found when everything was hashed: the content of a report, before it is signed. 证明内容。"""

    release: str | None
    manifest_sha256: str | None = None
    pack_on_disk_sha256: str | None = None
    tree_digest: str | None = None
    files: int = 0
    drift: tuple[FileDrift, ...] = ()
    processes: tuple[LoadedProcess, ...] = ()
    engines: Mapping[str, str] = field(default_factory=dict)
    migrations: Mapping[str, str] = field(default_factory=dict)
    contracts: tuple[str, ...] = ()
    healthy: bool = False
    reasons: tuple[str, ...] = ()


class Substrate(Protocol):
    """A site on some ground. 承载方式。"""

    def facts(self) -> SiteFacts:
        """Look, change nothing."""

    def plan(self, desired: DesiredState, facts: SiteFacts) -> tuple[Step, ...]:
        """Return every phase in order, each with its reason."""

    def run(self, desired: DesiredState, phase: Phase) -> StepResult:
        """Bring one phase to its goal. Raises StepFailed or a YiwangError."""

    def prove(self) -> Proof:
        """Hash what is installed and what was loaded."""
