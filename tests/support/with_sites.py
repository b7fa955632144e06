"""Run a command while three real sites are up: ``with_sites.py -- COMMAND…``.

A workspace and a state folder of their own are made under the temporary folder, brought up by the product's own
`yiwang up`, and destroyed afterwards. The command finds them by ``YIWANG_WORKSPACE``, ``YIWANG_STATE`` and, for the
browser, ``YIWANG_BROWSER_SITES`` (site → address and demonstration people).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
YIWANG = str(Path(sys.executable).with_name("yiwang"))


def bring_up(home: Path) -> dict[str, str]:
    """Start the sites; return the environment in which a command finds them."""
    environment = {
        **os.environ,
        "YIWANG_WORKSPACE": str(home / "workspace"),
        "YIWANG_STATE": str(home / "state"),
        "YIWANG_BROWSER_SITES": str(home / "sites.json"),
    }
    words = [YIWANG, "up", "--workspace", str(home / "workspace")]
    subprocess.run(words, cwd=ROOT, env=environment, check=True)
    os.environ["YIWANG_STATE"] = environment["YIWANG_STATE"]
    write_people(home)
    return environment


def write_people(home: Path) -> None:
    """Write addresses and demonstration people for whoever signs in."""
    from yiwang.bringup.machine import Machine
    from yiwang.bringup.people import everybody
    from yiwang.operate.workspace import open_workspace

    people = everybody(Machine(open_workspace(home / "workspace")))
    (home / "sites.json").write_text(json.dumps(people, ensure_ascii=False), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Bring up, run, take down; return the command's exit code."""
    if arguments[:1] != ["--"] or not arguments[1:]:
        print("usage: with_sites.py -- COMMAND…", file=sys.stderr)
        return 2
    home = Path(tempfile.mkdtemp(prefix="ywt-"))
    home.chmod(0o755)  # PostgreSQL's own user must reach its data folder
    environment: dict[str, str] | None = None
    try:
        environment = bring_up(home)
        return subprocess.run(arguments[1:], cwd=ROOT, env=environment, check=False).returncode
    finally:
        down = environment or {**os.environ, "YIWANG_STATE": str(home / "state")}
        subprocess.run([YIWANG, "down", "--workspace", str(home / "workspace")], cwd=ROOT, env=down, check=False)
        if not os.environ.get("YIWANG_KEEP"):
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
