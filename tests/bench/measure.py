"""Measure what docs/reference/measurements.md states, and write it there with machine and date (`make bench`).

Everything is measured on a workspace of its own, from nothing, through the commands that people use.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from bench import exchange, orders, services  # noqa: E402 - the path above makes them importable
from bench.footprint import Footprint, measure  # noqa: E402

PAGE = ROOT / "docs/reference/measurements.md"
YIWANG = str(Path(sys.executable).with_name("yiwang"))
IDLE_SECONDS, SETTLE_SECONDS = 60.0, 100.0  # connections that nobody uses are given back within a minute and a half

HEAD = """# Measurements

Written by `make bench`; absolute times on shared machines are noisy, so compare runs on one machine only.

| | |
|---|---|
| Date | {date} |
| Machine | {machine} |
| Cores | {cores} |

| What | Target | Measured | Command |
|---|---|---|---|
"""


def timed(*words: str, env: dict[str, str]) -> float:
    """Run a command to its end; return its seconds."""
    started = time.monotonic()
    subprocess.run([YIWANG, *words], cwd=ROOT, env=env, check=True)
    return time.monotonic() - started


def rows(home: Path) -> list[tuple[str, str, str, str]]:
    """Bring sites up from nothing and measure; return (what, target, measured, command)."""
    env = {**os.environ, "YIWANG_STATE": str(home / "state"), "YIWANG_WORKSPACE": str(home / "workspace")}
    words = ("up", "--workspace", str(home / "workspace"))
    try:
        first = timed(*words, env=env)
        again = timed(*words, env=env)
        time.sleep(SETTLE_SECONDS)
        idle: Footprint = measure(home / "state", window=IDLE_SECONDS)
        timed("down", "--workspace", str(home / "workspace"), env=env)
        started_again = timed(*words, env=env)
    finally:
        subprocess.run([YIWANG, "down", "--workspace", str(home / "workspace")], cwd=ROOT, env=env, check=False)
    return [
        ("first `up`, environment made already", "≤ 6 min", f"{first:.0f} s", "`make up`"),
        ("second `up`, everything runs", "≤ 45 s", f"{again:.1f} s", "`make up`"),
        ("`up` after `down`", "≤ 45 s", f"{started_again:.1f} s", "`make down && make up`"),
        ("idle memory, control, agents, three sites (PSS)", "≤ 800 MB", f"{idle.pss_mib:.0f} MiB in {idle.processes} processes",
         "`make bench`"),
        (f"idle processor time over {IDLE_SECONDS:.0f} s", "≤ 3 % of a core", f"{idle.core_percent:.1f} %", "`make bench`"),
    ]  # fmt: skip


def machine() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}"


def main() -> None:
    """Measure and write the page."""
    home = Path(tempfile.mkdtemp(prefix="ywb-"))
    home.chmod(0o755)
    try:
        found = [*rows(home), *services.rows(), *exchange.rows(), *orders.rows()]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    head = HEAD.format(date=datetime.now(UTC).date(), machine=machine(), cores=os.cpu_count())
    PAGE.write_text(head + "".join(f"| {' | '.join(row)} |\n" for row in found), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
