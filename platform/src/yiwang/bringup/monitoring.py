"""Prometheus and Alertmanager for this machine's sites, under a supervisor of their own: optional, loopback only.

Their programs come from the machine (Debian's packages `prometheus` and `prometheus-alertmanager`), not from the
release: nobody needs them to run a site.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from yiwang.adapters import addresses
from yiwang.adapters.files import make_folder, write_atomic, write_json
from yiwang.adapters.processes import run
from yiwang.adapters.prometheus import Prometheus
from yiwang.bringup.machine import Machine
from yiwang.definition import distribution
from yiwang.definition.alerts import alerts
from yiwang.definition.slos import SLOS
from yiwang.emit.monitoring import FOLDER, alertmanager_config, monitoring_files, prometheus_config
from yiwang.emit.processes import monitoring_processes
from yiwang.errors import NotReady
from yiwang.model.paths import InstallationPaths
from yiwang.operate.fleet import CONTROL
from yiwang.supervisor.client import SupervisorClient

NAME, RULES = "monitoring", "rules"
PROMETHEUS, ALERTMANAGER = ("prometheus",), ("prometheus-alertmanager", "alertmanager")
READY_SECONDS, CHECK_SECONDS = 60.0, 30.0
INSTALL = "sudo apt-get install prometheus prometheus-alertmanager"


@dataclass(frozen=True)
class Monitoring:
    """Watches what runs here. 本机监控。"""

    machine: Machine

    @property
    def paths(self) -> InstallationPaths:
        """Return where it lies."""
        return self.machine.workspace.state.monitoring()

    @property
    def supervisor(self) -> SupervisorClient:
        """Return its supervisor."""
        return SupervisorClient(self.paths.supervisor, self.paths.runtime / "supervisor.sock")

    @property
    def address(self) -> str:
        """Return its own loopback address."""
        policy, file = distribution().addresses, self.machine.workspace.state.addresses
        return addresses.allocate(file, [NAME], network=policy.network, first=policy.first)[NAME]

    @property
    def prometheus(self) -> Prometheus:
        """Return the running Prometheus."""
        return Prometheus(f"http://{self.address}:{distribution().port('prometheus')}")

    def start(self) -> bool:
        """Bring it up, or let it take up changed targets and rules; return whether anything changed. Raises NotReady."""
        programs = program(PROMETHEUS), program(ALERTMANAGER)
        for folder in (self.paths.root, self.paths.log, self.paths.runtime, self.paths.root / "data"):
            make_folder(folder)
        changed = self._configure(programs[0])
        table = monitoring_processes(distribution(), self.paths, self.address, *programs)
        moved = write_json(self.supervisor.table, table)
        started = self.supervisor.start(self.machine.python())
        if not started and moved:
            self.supervisor.ask("apply")
        late = self.supervisor.wait_ready(timeout=READY_SECONDS)
        if late:
            log = self.paths.log / f"{late[0]['name']}.log"
            raise NotReady(what=f"{late[0]['name']} 未就绪 / is not ready; see {log}", next="yiwang monitor status")
        if changed and not started:
            self.prometheus.reload()
        return changed or moved or started

    def _configure(self, prometheus: str) -> bool:
        """Write targets and rules, checked by promtool first where it is there; return whether they changed."""
        root, port = self.paths.root, distribution().port
        files = {
            path.removeprefix(f"{FOLDER}/"): text
            for path, text in monitoring_files(alerts(), SLOS, ()).items()
            if path.startswith(f"{FOLDER}/{RULES}/")
        }
        hubs = {site.id: (urlsplit(self.machine.hub_url(site.id)).netloc, site.tier) for site in self.machine.sites()}
        control = f"{self.machine.addresses()[CONTROL]}:{port('control-inner')}"
        rules = [str(root / path) for path in sorted(files)]
        files["prometheus.yml"] = prometheus_config(hubs, control, f"{self.address}:{port('alertmanager')}", rules)
        files["alertmanager.yml"] = alertmanager_config()
        make_folder(root / RULES)
        changed = [write_atomic(root / path, text) for path, text in files.items()]
        self._check(prometheus)
        return any(changed)

    def _check(self, prometheus: str) -> None:
        checker = shutil.which("promtool")
        if checker is None:
            return
        done = run([checker, "check", "config", str(self.paths.root / "prometheus.yml")], timeout=CHECK_SECONDS)
        if done.code != 0:
            raise NotReady(
                what=f"{prometheus}: 配置有误 / bad configuration: {done.last_words()}", next="yiwang render"
            )

    def stop(self) -> bool:
        """Stop both; data stay. Return whether they ran."""
        return self.supervisor.stop()

    def status(self) -> dict[str, Any]:
        """Return processes, targets with their health, and what fires. Raises NotReady where nothing runs."""
        if not self.supervisor.running():
            raise NotReady(what="监控没有运行 / monitoring does not run", next="yiwang monitor up")
        return {
            "url": self.prometheus.url,
            "processes": self.supervisor.ask("status")["processes"],
            "targets": [
                {"job": t["labels"]["job"], "site": t["labels"].get("site", ""), "health": t["health"], "error": t["lastError"]}
                for t in self.prometheus.targets()
            ],
            "alerts": [
                {"name": a["labels"]["alertname"], "site": a["labels"].get("site") or a["labels"].get("of", ""),
                 "severity": a["labels"]["severity"], "state": a["state"], "since": a["activeAt"],
                 "summary": a["annotations"]["summary"], "runbook": a["annotations"]["runbook"]}
                for a in self.prometheus.alerts()
            ],
        }  # fmt: skip


def program(names: tuple[str, ...]) -> str:
    """Return a program of the machine by the first of its names that is there. Raises NotReady."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise NotReady(what=f"没有 {names[0]} / is not installed on this machine", next=INSTALL)
