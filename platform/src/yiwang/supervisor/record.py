"""Which processes are ours, on disk: a successor adopts them after an upgrade, or ends them after our violent death.

A pid alone names nobody, because numbers are reused. So each is kept with its start time and the machine's boot, and
whoever does not match all three is left alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

FILE = "children.json"
START_TIME_FIELD = 19  # field 22 of /proc/<pid>/stat, counted after the command's closing bracket
GRACE_SECONDS = 5.0


def boot_id() -> str:
    """Return what names this boot of the machine."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def start_ticks(pid: int) -> int | None:
    """Return when a process started; None when there is none, or only its zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return None if stat[0] == "Z" else int(stat[START_TIME_FIELD])
    except (OSError, ValueError, IndexError):
        return None


def write(folder: Path, children: list[dict[str, Any]]) -> None:
    """Remember our children; a full disk only costs us the memory of them."""
    aside = folder / f".{FILE}"
    with contextlib.suppress(OSError):
        aside.write_text(json.dumps({"boot": boot_id(), "children": children}), encoding="utf-8")
        aside.replace(folder / FILE)


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the remembered children that still are the same processes."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if content["boot"] != boot_id():
            return []
        return [item for item in content["children"] if start_ticks(item["pid"]) == item["ticks"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def end(remains: list[dict[str, Any]], grace: float = GRACE_SECONDS) -> None:
    """End what a killed supervisor left behind: the death signal has asked already, now it is waited for, then killed."""
    deadline = time.monotonic() + grace
    for number in (signal.SIGTERM, signal.SIGKILL):
        for item in remains:
            if start_ticks(item["pid"]) == item["ticks"]:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(
                        item["pid"], getattr(signal, f"SIG{item['signal']}") if number == signal.SIGTERM else number
                    )
        while time.monotonic() < deadline and any(start_ticks(item["pid"]) == item["ticks"] for item in remains):
            time.sleep(0.05)
        deadline = time.monotonic() + 1.0
