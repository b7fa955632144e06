"""A real agent process over a substrate that lives in one file: for tests that kill it.

Run as ``agent_process.py loop --settings F`` (what the supervisor would run) or ``agent_process.py work --settings F
PIECE`` (what the agent starts for itself). Phases take a moment, so that a kill finds one in the middle.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yiwang.agent import __main__ as loop
from yiwang.agent import work
from yiwang.agent.desk import Desk
from yiwang.agent.settings import load_settings
from yiwang.model.command import pack_digest
from yiwang.model.proof import LoadedProcess
from yiwang.model.substrate import Phase
from yiwang.substrates.contract import DesiredState, Proof, SiteFacts, StepFailed, StepResult

PHASE_SECONDS = 0.2
FAILING = "2026.11.9"


class NoLinks:
    """Neighbours are nobody's business here."""

    def leaf_public(self, parent: str) -> str:
        return f"U-{parent}"

    def grant(self, child: str, leaf_public: str) -> str:
        return f"jwt-{child}-{leaf_public}"

    def accept(self, parent: str, jwt: str) -> bool:
        return False

    def certificate(self) -> str:
        return "certificate"

    def pin(self, neighbour: str, certificate_pem: str, sha256: str) -> bool:
        return False

    def revoke(self, child: str) -> bool:
        return False


@dataclass
class FileSite:
    """A site whose whole state is one JSON file, and whose every phase is written down."""

    folder: Path
    nats = NoLinks()

    @property
    def file(self) -> Path:
        return self.folder / "site.json"

    def state(self) -> dict[str, Any]:
        return json.loads(self.file.read_text()) if self.file.is_file() else {}

    def facts(self) -> SiteFacts:
        return SiteFacts("", self.state().get("release"), (), {}, {})

    def plan(self, desired: DesiredState, facts: SiteFacts) -> tuple[()]:
        return ()

    def run(self, desired: DesiredState, phase: Phase) -> StepResult:
        with (self.folder / "phases.log").open("a") as log:
            log.write(f"{desired.release} {phase}\n")
        time.sleep(PHASE_SECONDS)
        if phase is Phase.SWITCH:
            now = {"release": desired.release, "manifest": desired.manifest_sha256, "pack": dict(desired.pack)}
            self.file.write_text(json.dumps(now))
        if phase is Phase.VERIFY and desired.release == FAILING:
            raise StepFailed(phase, "readyz says 503", changed=True)
        return StepResult(phase, True, "ok")

    def prove(self) -> Proof:
        state, digest = self.state(), "d" * 64
        process = LoadedProcess(name="hub", pid=1, alive=True, release=state["release"], tree_digest=digest,
                                start_time_ticks=1, boot_start_time_ticks=1)  # fmt: skip
        return Proof(release=state["release"], manifest_sha256=state["manifest"], tree_digest=digest,
                     pack_on_disk_sha256=pack_digest(state["pack"]), processes=(process,), healthy=True)  # fmt: skip


class FileWork(work.Work):
    """Work over a file site."""

    def substrate(self, source: Any) -> FileSite:
        return FileSite(self.settings.root)


def main() -> int:
    """Be the agent, or one of its workers."""
    role, _, settings, *rest = sys.argv[1:]
    if role == "work":
        work.Work = FileWork  # type: ignore[misc]
        return work.main(["--settings", settings, *rest])
    path = Path(settings)
    command = (sys.executable, str(Path(__file__)), "work")
    return loop.Process(load_settings(path), Desk(path.parent), command).run()


if __name__ == "__main__":
    sys.exit(main())
