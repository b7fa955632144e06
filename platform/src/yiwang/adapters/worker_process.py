"""Starts a worker beside the agent and tells when it ended; its output goes to a log, its results to files.

A worker that was killed may leave a program of its own behind that still writes. So each worker has a session of its
own and a mark in its environment, both of which such a program inherits, and the next worker ends whoever has both.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

MARK = "YIWANG_WORKER"
END_SECONDS = 5.0


class WorkerProcess:
    """At most one child at a time. 工作子进程。"""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None
        self._name = ""

    def start(self, name: str, argv: Sequence[str]) -> bool:
        """Start a child unless one runs; return whether it was started."""
        if self.busy() is not None:
            return False
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(self._log),
                start_new_session=True,
            )
        self._name = name
        return True

    def busy(self) -> str | None:
        """Return what runs, or None."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        return self._name if self._child is not None else None

    def stop(self) -> None:
        """End the child and what it started; its phases converge, so the next start goes on."""
        if self._child is None or self._child.poll() is not None:
            return
        for wanted in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._child.pid, wanted)
            except ProcessLookupError:
                return
            if self.wait(END_SECONDS):
                return

    def wait(self, seconds: float) -> bool:
        """Wait for the child; return whether it ended in time."""
        if self._child is None:
            return True
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _environment(log: Path) -> dict[str, str]:
    """Return our environment without what would change how Python starts, and with this site's mark."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, MARK: str(log)}


def end_leftovers(session: int) -> list[int]:
    """End what an earlier worker of this site left behind: its session and our mark. Return their process ids."""
    mark = os.environ.get(MARK)
    if mark is None or session in (0, os.getsid(0)):
        return []
    left = [pid for pid in _processes() if _belongs(pid, session, mark)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end and any(_belongs(pid, session, mark) for pid in left):
        time.sleep(0.02)
    return left


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _belongs(pid: int, session: int, mark: str) -> bool:
    """Whether a process is in a session and carries a mark; one that is gone, or another user's, does not."""
    try:
        if os.getsid(pid) != session:
            return False
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{MARK}={mark}".encode() in environment
