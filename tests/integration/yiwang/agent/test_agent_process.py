"""A real agent process, real control, real trust repository over loopback; only the ground it stands on is a file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support import agent_process
from support.control_lab import MANIFESTS, R1, R2, ControlLab, manifest
from yiwang.agent.desk import Desk
from yiwang.control.local import WorkspaceTrust
from yiwang.model.release import Manifest
from yiwang.operate.trust import open_trust

SITE = "441721"
FAILING = agent_process.FAILING
MANIFESTS[FAILING] = manifest(FAILING, enter_from=(R1,))


class RepositoryTrust(WorkspaceTrust):
    """The real repository; releases are manifests without files."""

    def publish_release(self, folder: Path) -> Manifest:
        return MANIFESTS[folder.name]


class Site:
    """One site's folder and its agent process."""

    def __init__(self, root: Path, lab: ControlLab) -> None:
        self.root, self.lab = root, lab
        self.desk = Desk(root / "agent")
        self.process: subprocess.Popen[bytes] | None = None

    def bootstrap(self, pinned: bytes, token: dict[str, object]) -> None:
        settings = {
            "schema": 1, "site": SITE, "control_url": self.lab.url, "repository_url": f"{self.lab.url}/repository",
            "root": str(self.root), "runtime": str(self.root), "engines": str(self.root), "hub_url": "http://127.0.0.1:9",
            "poll_seconds": 0.1, "backoff_seconds": 0.5, "health_seconds": 1000,
        }  # fmt: skip
        self.desk.folder.mkdir(parents=True)
        self.desk.settings.write_text(json.dumps(settings))
        self.desk.root.write_bytes(pinned)
        if self.lab.tls is not None:
            self.desk.authority.write_bytes(self.lab.tls.authority.read_bytes())
        self.desk.token.write_text(json.dumps(token))

    def start(self) -> None:
        words = [sys.executable, str(Path(agent_process.__file__)), "loop", "--settings", str(self.desk.settings)]
        with (self.root / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)

    def kill(self) -> None:
        """End the agent, and its worker with it, as a power cut would."""
        assert self.process is not None
        worker = self.worker()
        self.process.kill()
        self.process.wait()
        if worker is not None:
            os.kill(worker, signal.SIGKILL)

    def worker(self) -> int | None:
        """The process id of the worker now at work."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)

    def phases(self) -> list[str]:
        log = self.root / "phases.log"
        return log.read_text().splitlines() if log.is_file() else []


def until(reached: Callable[[], object], site: Site, *, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, (site.root / "agent.log").read_text() + _work_log(site)
        time.sleep(0.05)


def _work_log(site: Site) -> str:
    log = site.root / "log" / "agent-work.log"
    return log.read_text() if log.is_file() else ""


@pytest.fixture
def lab(tmp_path: Path, empty_database_url: str) -> Iterator[ControlLab]:
    control = ControlLab(tmp_path, empty_database_url, secure=tmp_path / "trust" / "ca")
    trust = open_trust(tmp_path / "trust", tmp_path / "control" / "repository", demo=True, owner="lab")
    control.trust = RepositoryTrust(trust, lambda: datetime.now(UTC))
    with control.running():
        control.publish(R1, R2, FAILING)
        yield control


@pytest.fixture
def site(tmp_path: Path, lab: ControlLab) -> Iterator[Site]:
    made = Site(tmp_path / "site", lab)
    with lab.operator() as operator:
        made.bootstrap((tmp_path / "trust" / "root.json").read_bytes(), operator.token(SITE))
    made.start()
    yield made
    made.stop()


def row(lab: ControlLab) -> dict[str, object]:
    with lab.operator() as operator:
        return operator.status()["sites"][2]


def assign(lab: ControlLab, release: str) -> None:
    with lab.operator() as operator:
        operator.assign(SITE, release)


def test_an_agent_enrols_executes_and_proves_and_the_matrix_says_same(lab: ControlLab, site: Site) -> None:
    assign(lab, R1)
    until(lambda: row(lab)["state"] == "same", site)
    assert site.phases() == [
        f"{R1} {phase}" for phase in ("fetch", "stage", "engines", "expand", "switch", "verify", "retire")
    ]
    assert not site.desk.token.exists()


def test_a_killed_agent_goes_on_with_its_command(lab: ControlLab, site: Site) -> None:
    assign(lab, R1)
    until(lambda: f"{R1} engines" in site.phases(), site)
    site.kill()
    site.start()
    until(lambda: row(lab)["state"] == "same", site)
    assert site.phases().count(f"{R1} fetch") == 2


def test_a_failing_release_is_taken_back_by_the_site_itself(lab: ControlLab, site: Site) -> None:
    assign(lab, R1)
    until(lambda: row(lab)["state"] == "same", site)
    assign(lab, FAILING)
    until(lambda: (row(lab)["progress"] or {}).get("outcome") == "failed", site)
    assert site.phases()[-1] == f"{R1} retire"
    until(lambda: row(lab)["state"] == "behind" and row(lab)["release"] == R1, site)


def test_the_next_release_is_taken_up_by_a_running_agent(lab: ControlLab, site: Site) -> None:
    assign(lab, R1)
    until(lambda: row(lab)["state"] == "same", site)
    assign(lab, R2)
    until(lambda: (row(lab)["state"], row(lab)["release"]) == ("same", R2), site)
