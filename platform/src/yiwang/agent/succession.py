"""An agent makes way for the one of the release that it is told to install: agent and supervisor first, then the rest.

So the phases of a release run by the code of that release, and an agent stays a small shell: verify, unpack, hand over.
The journal carries the command across; the next agent finds it unfinished and goes on. Going back to an earlier release
after a failure keeps the newer agent, which knows both; control's own command for the earlier release brings its agent
back too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yiwang.adapters.files import write_json
from yiwang.adapters.interpreter import running_interpreter
from yiwang.adapters.processes import run
from yiwang.agent.bootstrap import AGENT
from yiwang.errors import YiwangError
from yiwang.model.command import Command
from yiwang.model.paths import SitePaths, StatePaths
from yiwang.model.release import Manifest
from yiwang.model.substrate import Phase
from yiwang.operate.environments import environment
from yiwang.substrates.contract import ReleaseSource, StepFailed
from yiwang.supervisor.client import SupervisorClient

LOCK = "agent"
CHECK_SECONDS = 60.0
MODULE = "yiwang.agent.work"


class HandedOver(Exception):
    """Another agent goes on with the command; this one ends. 已交接。"""


@dataclass(frozen=True)
class Succession:
    """Replaces a site's agent and supervisor by those of a release. 代理交接。"""

    paths: SitePaths
    source: ReleaseSource
    settings: Path
    say: Callable[[str], None]

    @property
    def supervisor(self) -> SupervisorClient:
        """Return the site's supervisor."""
        return SupervisorClient(self.paths.supervisor, self.paths.runtime / "supervisor.sock")

    def before(self, command: Command) -> None:
        """Hand over where the release brings another agent. Raises HandedOver, StepFailed, Unreachable."""
        if not self._installed():
            return  # an agent that no supervisor keeps (a test, a hosted one) is replaced by whoever started it
        folder = self.paths.root / "releases" / command.release
        folder.mkdir(parents=True, exist_ok=True)
        manifest = self.source.fetch(command.release, folder)
        if manifest.dependency_set(LOCK, running_interpreter()) is None:
            return  # a release that brings no agent of its own, or not for this Python: the installation will say so
        python = self._environment(folder, manifest)
        if Path(python) != Path(sys.executable):
            self._check(python)
            self._replace(python)
            raise HandedOver(command.release)

    def _installed(self) -> bool:
        return any(process["name"] == AGENT for process in self._table())

    def _table(self) -> list[dict[str, object]]:
        try:
            return list(json.loads(self.supervisor.table.read_text(encoding="utf-8"))["processes"])
        except FileNotFoundError:
            return []

    def _environment(self, folder: Path, manifest: Manifest) -> str:
        """Return the interpreter of the release's agent; sites of one machine share its read-only environment."""
        state = StatePaths(root=self.paths.engines.parent, runtime=self.paths.runtime.parent)
        try:
            return str(environment(state, folder, LOCK))
        except YiwangError as error:
            raise StepFailed(Phase.FETCH, f"代理 {manifest.release}: {error} → {error.next}", changed=False) from error

    def _check(self, python: str) -> None:
        """Let the next agent read its settings before anything depends on it."""
        words = [python, "-I", "-B", "-m", MODULE, "--settings", str(self.settings), "check"]
        done = run(words, timeout=CHECK_SECONDS)
        if done.code != 0:
            raise StepFailed(
                Phase.FETCH, f"新代理不能启动 / the next agent does not start: {done.last_words()}", changed=False
            )

    def _replace(self, python: str) -> None:
        table = self._table()
        for process in table:
            if process["name"] == AGENT:
                process["argv"] = [python, *list(process["argv"])[1:]]  # type: ignore[call-overload]
        self.say(f"交接 / handing over to {Path(python).parents[1].name}")
        write_json(self.supervisor.table, {"schema": 1, "processes": table})
        self.supervisor.renew(python)
        self.supervisor.ask("apply")
