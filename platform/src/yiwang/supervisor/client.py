"""Speaks to a supervisor, and starts one: standard library only, like the supervisor itself."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

RUNNING = 3  # exit code of a supervisor that found another one
SCRIPT = Path(__file__).with_name("__main__.py")
START_SECONDS = 10.0
ANSWER_SECONDS = 5.0
UPGRADE_SECONDS = 20.0  # the successor is tried before it is trusted


def script_of(python: str) -> Path:
    """Return the supervisor of the environment that an interpreter belongs to, else ours: it must outlive a checkout."""
    packages = Path(python).parent.parent / "lib"
    return next(packages.glob("python3.*/site-packages/yiwang/supervisor/__main__.py"), SCRIPT)


class SupervisorError(RuntimeError):
    """The supervisor refused, or did not start. 看护进程出错。"""


class SupervisorClient:
    """One installation's supervisor, seen from outside. 看护进程客户端。"""

    def __init__(self, folder: Path, socket_path: Path) -> None:
        self.folder = folder
        self.socket_path = socket_path

    @property
    def table(self) -> Path:
        """Return the process table's file."""
        return self.folder / "table.json"

    def running(self) -> bool:
        """Return whether a supervisor holds the lock."""
        try:
            descriptor = os.open(self.folder / "lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def ask(self, command: str, *, patience: float = ANSWER_SECONDS, **arguments: Any) -> dict[str, Any]:
        """Send one command; return the answer. Raises SupervisorError, ConnectionError."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(patience)
            connection.connect(str(self.socket_path))
            connection.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            reply: dict[str, Any] = json.loads(_read(connection))
        if not reply.get("ok"):
            raise SupervisorError(str(reply.get("error")))
        return reply

    def start(self, python: str, script: Path | None = None) -> bool:
        """Start a detached supervisor unless one runs; return whether one was started. Raises SupervisorError."""
        if self._keeps_running():
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "supervisor.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own script by our own interpreter
                self.argv(python, script),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() == RUNNING:
                return False  # another one was started at the same moment, and keeps the installation
            if process.poll() is not None:
                said = (self.folder / "supervisor.log").read_text(encoding="utf-8", errors="replace")
                raise SupervisorError(said.strip().rpartition("\n")[2])
            if self._answering() == process.pid:
                process.returncode = 0  # it lives on without us
                return True
            time.sleep(0.02)
        raise SupervisorError(f"the supervisor of {self.folder} does not answer")

    def _keeps_running(self) -> bool:
        """Return whether a supervisor runs and answers; one that is dying holds its lock for a moment yet."""
        deadline = time.monotonic() + START_SECONDS
        while self.running():
            if self._answering() is not None:
                return True
            if time.monotonic() > deadline:
                raise SupervisorError(f"the supervisor of {self.folder} holds its lock and does not answer")
            time.sleep(0.02)
        return False

    def _answering(self) -> int | None:
        """Return the pid of the supervisor that answers now; None where none does."""
        try:
            return int(self.ask("status")["pid"])
        except (OSError, ValueError):
            return None

    def argv(self, python: str, script: Path | None = None) -> list[str]:
        """Return the command line of this installation's supervisor."""
        place = str(script or script_of(python))
        return [python, "-I", "-S", "-B", place, "--folder", str(self.folder), "--socket", str(self.socket_path)]

    def upgrade(self, python: str, script: Path | None = None) -> None:
        """Replace the running supervisor by another version of it, pid and children kept. Raises SupervisorError."""
        try:
            self.ask("upgrade", patience=UPGRADE_SECONDS, argv=self.argv(python, script))
        except (ConnectionError, ValueError):
            self._await_answer()  # it replaced itself, and with itself the connection

    def renew(self, python: str) -> bool:
        """Let the running supervisor become the one of this environment; return whether it was another. Raises SupervisorError."""
        wanted = self.argv(python)
        if self.ask("status").get("argv", [])[: len(wanted)] == wanted:
            return False
        self.upgrade(python)
        return True

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._answering() is None:
            if time.monotonic() > deadline:
                raise SupervisorError(f"the supervisor of {self.folder} does not answer")
            time.sleep(0.02)

    def stop(self, *, timeout: float = 60.0) -> bool:
        """Stop everything in order and wait; return whether something ran. Raises SupervisorError after `timeout`."""
        if not self.running():
            return False
        self.ask("stop")
        deadline = time.monotonic() + timeout
        while self.running():
            if time.monotonic() > deadline:
                raise SupervisorError(f"the supervisor of {self.folder} does not end")
            time.sleep(0.05)
        return True

    def wait_gone(self, *, timeout: float) -> list[str]:
        """Wait until what left the table has ended; return what still runs after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            left = list(self.ask("status").get("leaving", []))
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.05)

    def wait_ready(self, *, timeout: float) -> list[dict[str, Any]]:
        """Wait until every process is ready; return those that are not after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            late = [p for p in self.ask("status")["processes"] if p["state"] != "ready"]
            if not late or time.monotonic() > deadline:
                return late
            time.sleep(0.05)


def _read(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("the supervisor closed the connection")
        received += part
    return received
