"""A site that is only remembered, under the same contract as a real one, for tests of whoever drives a substrate."""

from __future__ import annotations

from dataclasses import dataclass, field

from yiwang.model.command import pack_digest
from yiwang.model.proof import FileDrift
from yiwang.model.release import release_order
from yiwang.model.substrate import Phase
from yiwang.substrates.contract import DesiredState, Proof, SiteFacts, Step, StepFailed, StepResult

ENGINES = {"postgres": "18", "nats": "2"}


@dataclass
class MemorySubstrate:
    """A site in memory. `ill` names releases whose hub never gets ready."""

    site: str = "441721"
    ill: set[str] = field(default_factory=set)
    drift: tuple[FileDrift, ...] = ()
    fetched: set[str] = field(default_factory=set)
    staged: dict[str, DesiredState] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)
    expanded: str | None = None
    current: DesiredState | None = None
    previous: str | None = None

    def facts(self) -> SiteFacts:
        """Look, change nothing."""
        running = dict.fromkeys(self.engines, "ready") | ({"hub": self._hub()} if self.current else {})
        return SiteFacts(self.site, self._release(), tuple(sorted(self.staged)), dict(self.engines), running)

    def plan(self, desired: DesiredState, facts: SiteFacts) -> tuple[Step, ...]:
        """Return every phase in order."""
        same = self.current == desired
        needed = {Phase.FETCH: desired.release not in facts.installed, Phase.VERIFY: True}
        return tuple(
            Step(phase, f"{facts.current} → {desired.release}", needed.get(phase, not same)) for phase in Phase
        )

    def run(self, desired: DesiredState, phase: Phase) -> StepResult:
        """Bring one phase to its goal."""
        changed = bool(getattr(self, f"_{phase}")(desired))
        return StepResult(phase, changed, f"{phase} {desired.release}" if changed else "already there")

    def prove(self) -> Proof:
        """Tell what is remembered."""
        if self.current is None:
            return Proof(release=None, reasons=("nothing is installed",))
        healthy = self._hub() == "ready"
        return Proof(
            release=self.current.release, manifest_sha256=self.current.manifest_sha256,
            pack_on_disk_sha256=pack_digest(self.current.pack), tree_digest="0" * 64, files=1, drift=self.drift,
            engines=dict(self.engines), healthy=healthy, reasons=() if healthy else ("this variant is ill",),
        )  # fmt: skip

    def _release(self) -> str | None:
        return self.current.release if self.current else None

    def _hub(self) -> str:
        return "starting" if self._release() in self.ill else "ready"

    def _fetch(self, desired: DesiredState) -> bool:
        new = desired.release not in self.fetched
        self.fetched.add(desired.release)
        return new

    def _stage(self, desired: DesiredState) -> bool:
        new = self.staged.get(desired.release) != desired or bool(self.drift)
        self.staged[desired.release], self.drift = desired, ()
        return new

    def _engines(self, _: DesiredState) -> bool:
        new = self.engines != ENGINES
        self.engines = dict(ENGINES)
        return new

    def _expand(self, desired: DesiredState) -> bool:
        if self.expanded is not None and release_order(desired.release) <= release_order(self.expanded):
            return False
        self.expanded = desired.release
        return True

    def _switch(self, desired: DesiredState) -> bool:
        new = self.current != desired
        if self.current is not None and self.current.release != desired.release:
            self.previous = self.current.release
        self.current = desired
        return new

    def _verify(self, desired: DesiredState) -> bool:
        if desired.release in self.ill:
            raise StepFailed(Phase.VERIFY, "this variant is ill", changed=True)
        return False

    def _retire(self, desired: DesiredState) -> bool:
        gone = self.staged.keys() - {desired.release, self.previous}
        for release in gone:
            del self.staged[release]
        self.fetched -= gone
        return bool(gone)
