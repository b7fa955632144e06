"""Real Prometheus and Alertmanager beside three real sites: rules proven by promtool, every panel drawn from live data."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from yiwang.bringup.machine import Machine
from yiwang.bringup.monitoring import Monitoring
from yiwang.definition.dashboards import DASHBOARDS
from yiwang.operate.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "charts/yiwang-monitoring/files"
YIWANG = str(Path(sys.executable).with_name("yiwang"))
COUNTY = "441721"
PATIENCE = 240.0


def eventually(question: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Ask until the answer is true, at most so long; return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = question()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(1.0)


@pytest.fixture(scope="module")
def monitoring() -> Iterator[Monitoring]:
    """Prometheus and Alertmanager beside the lane's sites."""
    here = Monitoring(Machine(open_workspace(Path(os.environ["YIWANG_WORKSPACE"]))))
    subprocess.run([YIWANG, "monitor", "up"], check=True, cwd=ROOT)
    yield here
    here.stop()


def pid(monitoring: Monitoring, name: str) -> int:
    """Return the process id of one of the two."""
    return next(p["pid"] for p in monitoring.status()["processes"] if p["name"] == name)


@pytest.mark.parametrize("words", [("check", "rules"), ("test", "rules")], ids=" ".join)
def test_promtool_accepts_the_rules_and_every_alert_fires_and_stays_silent_as_declared(words: tuple[str, str]) -> None:
    files = RULES.glob("rules/*.yaml") if words[0] == "check" else [RULES / "tests/alerts.yaml"]
    promtool = shutil.which("promtool")
    assert promtool, "apt-get install prometheus"
    done = subprocess.run([promtool, *words, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_hub_and_control_is_a_target_that_answers(monitoring: Monitoring) -> None:
    def healthy() -> bool:
        targets = monitoring.status()["targets"]
        return len(targets) == 4 and all(target["health"] == "up" for target in targets)

    assert eventually(healthy, 60), monitoring.status()["targets"]
    hubs = {target["site"] for target in monitoring.status()["targets"]}
    assert {"440000", "441700", COUNTY} <= hubs


def test_a_second_start_changes_nothing(monitoring: Monitoring) -> None:
    assert monitoring.start() is False


def test_every_panel_of_every_dashboard_is_drawn_from_live_data(monitoring: Monitoring) -> None:
    def empty() -> list[str]:
        return [
            f"{board.name}/{panel.name}" for board in DASHBOARDS for panel in board.panels
            if not monitoring.prometheus.query(panel.query)
        ]  # fmt: skip

    assert eventually(lambda: not empty(), 120), empty()


def test_only_what_is_true_fires_while_the_sites_are_well(monitoring: Monitoring) -> None:
    firing = {alert["name"] for alert in monitoring.status()["alerts"] if alert["state"] == "firing"}
    assert "DeadMan" in eventually(
        lambda: {a["name"] for a in monitoring.status()["alerts"] if a["state"] == "firing"}, 60
    )
    assert firing <= {"DeadMan"}


def test_the_command_shows_figures_and_status(monitoring: Monitoring) -> None:
    shown = subprocess.run(
        [YIWANG, "monitor", "figures", "--json"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    rows = json.loads(shown.stdout)
    assert {row["labels"].get("site") for row in rows if row["panel"] == "up"} == {"440000", "441700", COUNTY}
    status = subprocess.run([YIWANG, "monitor", "status"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert status.returncode == 0, status.stdout + status.stderr


def test_prometheus_comes_back_after_kill_9_with_what_it_knew(monitoring: Monitoring) -> None:
    before = pid(monitoring, "prometheus")
    asked = time.time() - 1
    os.kill(before, signal.SIGKILL)

    def back() -> bool:
        try:
            return bool(monitoring.prometheus.query(f'up{{job="hub"}} @ {asked}'))
        except Exception:
            return False

    assert eventually(back, 60)
    assert pid(monitoring, "prometheus") != before


def test_a_hub_that_stands_still_is_announced_by_prometheus_and_reaches_alertmanager(monitoring: Monitoring) -> None:
    site = monitoring.machine.site(COUNTY)
    hub = next(p["pid"] for p in site.supervisor.ask("status")["processes"] if p["name"] == "hub")
    os.kill(hub, signal.SIGSTOP)  # it neither ends, so that nobody restarts it, nor answers
    try:

        def announced() -> bool:
            alarms = httpx.get(f"http://{monitoring.address}:7093/api/v2/alerts", timeout=5, trust_env=False).json()
            return any(a["labels"]["alertname"] == "HubDown" and a["labels"]["site"] == COUNTY for a in alarms)

        assert eventually(announced)
    finally:
        os.kill(hub, signal.SIGCONT)
