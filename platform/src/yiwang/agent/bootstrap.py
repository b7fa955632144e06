"""The only push there is: gives a site its agent, the pinned root and a one-time token, and starts its supervisor.

From then on the agent pulls; nobody else writes the site. A repeat changes nothing that is already so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from yiwang.adapters.files import make_folder, write_atomic, write_json
from yiwang.agent.desk import Desk
from yiwang.agent.identity import Identity
from yiwang.model.paths import SitePaths
from yiwang.supervisor.client import SupervisorClient

AGENT = "agent"
STOP_SECONDS = 20


@dataclass(frozen=True)
class Bootstrap:
    """What an operator gives a new site. 引导信息。"""

    site: str
    paths: SitePaths
    python: str
    """Interpreter of the agent's environment; the supervisor runs by it too."""
    control_url: str
    hub_url: str
    root: bytes
    authority: str
    """Certificate of the site CA, by which the agent believes control before it has read any metadata."""
    profile: str = "demo"
    database_system_user: str | None = None

    @property
    def desk(self) -> Desk:
        """Return the agent's folder."""
        return Desk(self.paths.agent)

    @property
    def supervisor(self) -> SupervisorClient:
        """Return the site's supervisor."""
        return SupervisorClient(self.paths.supervisor, self.paths.runtime / "supervisor.sock")

    def enrolled(self) -> bool:
        """Whether the site has its statement, so that no token is needed."""
        return Identity(self.paths.identity, self.site).statement() is not None

    def install(self, token: dict[str, Any] | None) -> bool:
        """Write the agent's files; return whether anything changed."""
        for folder in (self.paths.agent, self.paths.identity, self.paths.secrets):
            make_folder(folder, mode=0o700)
        make_folder(self.paths.runtime)
        changed = [
            write_json(self.desk.settings, self._settings(), mode=0o600),
            write_atomic(self.desk.root, self.root),
            write_atomic(self.desk.authority, self.authority),
        ]
        if token is not None:
            wanted = {"token": token["token"], "incarnation": token["incarnation"]}
            changed.append(write_json(self.desk.token, wanted, mode=0o600))
        return any(changed)

    def start(self) -> bool:
        """Put the agent into the supervisor's table and start it; return whether anything was started or changed."""
        table = self.supervisor.table
        others = [entry for entry in _processes(table) if entry["name"] != AGENT]
        changed = write_json(table, {"schema": 1, "processes": [self._process(), *others]})
        if self.supervisor.start(self.python):
            return True
        return bool(changed and self.supervisor.ask("apply")["changed"])

    def restart(self) -> None:
        """Let a running agent read its settings anew."""
        self.supervisor.ask("restart", name=AGENT)

    def _settings(self) -> dict[str, Any]:
        return {
            "schema": 1, "site": self.site, "control_url": self.control_url,
            "repository_url": f"{self.control_url}/repository", "profile": self.profile,
            "root": str(self.paths.root), "runtime": str(self.paths.runtime), "engines": str(self.paths.engines),
            "hub_url": self.hub_url, "database_system_user": self.database_system_user,
        }  # fmt: skip

    def _process(self) -> dict[str, Any]:
        argv = [self.python, "-I", "-B", "-m", "yiwang.agent", "--settings", str(self.desk.settings)]
        return {
            "name": AGENT, "argv": argv, "env": {}, "cwd": str(self.paths.root), "user": None, "stop_signal": "TERM",
            "stop_seconds": STOP_SECONDS, "ready": {"kind": "none"}, "after": [],
            "log": str(self.paths.log / "agent.log"),
        }  # fmt: skip


def _processes(table: Any) -> list[dict[str, Any]]:
    if not table.is_file():
        return []
    return list(json.loads(table.read_text(encoding="utf-8"))["processes"])


def bootstrap(given: Bootstrap, token: dict[str, Any] | None) -> bool:
    """Bring a site's agent up; return whether anything changed."""
    make_folder(given.paths.log)
    installed = given.install(token)
    started = given.start()
    if installed and not started and token is None:
        given.restart()
    return started or installed
