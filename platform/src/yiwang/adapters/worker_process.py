"""Starts a worker beside the agent and tells when it ended; its output goes to a log, its results to files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


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
                list(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), close_fds=True
            )
        self._name = name
        return True

    def busy(self) -> str | None:
        """Return what runs, or None."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        return self._name if self._child is not None else None

    def wait(self, seconds: float) -> bool:
        """Wait for the child; return whether it ended in time."""
        if self._child is None:
            return True
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _environment() -> dict[str, str]:
    """Return our environment without what would change how Python starts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
