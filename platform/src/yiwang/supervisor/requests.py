"""What a supervisor answers on its unix socket: one JSON object a line in, one out."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yiwang.supervisor.table import TableError

if TYPE_CHECKING:
    from yiwang.supervisor.core import Supervisor

REQUEST_LIMIT = 64 * 1024
CLIENT_SECONDS = 1.0
CHECK_SECONDS = 10.0
BACKLOG = 8


def listen(path: Path) -> socket.socket:
    """Return a listening unix socket that only this user may use."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(old)
    listener.listen(BACKLOG)
    return listener


def serve(supervisor: Supervisor) -> None:
    """Answer one client; a slow or broken one costs a second at most."""
    connection, _ = supervisor.listener.accept()
    with connection:
        connection.settimeout(CLIENT_SECONDS)
        with contextlib.suppress(OSError):
            answer = reply(supervisor, read_line(connection))
            connection.sendall(json.dumps(answer).encode() + b"\n")


def read_line(connection: socket.socket) -> bytes:
    """Return one request, without its newline."""
    received = b""
    deadline = time.monotonic() + CLIENT_SECONDS
    while not received.endswith(b"\n") and len(received) < REQUEST_LIMIT and time.monotonic() < deadline:
        part = connection.recv(4096)
        if not part:
            break
        received += part
    return received.strip()


def reply(supervisor: Supervisor, line: bytes) -> dict[str, Any]:
    """Do what a request asks; what cannot be done is said, and ends nothing."""
    try:
        request = json.loads(line)
        return {"ok": True, **COMMANDS[request["command"]](supervisor, request)}
    except TableError as error:
        return {"ok": False, "error": f"the table was not applied: {error}"}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def _status(supervisor: Supervisor, _: dict[str, Any]) -> dict[str, Any]:
    processes = [child.describe() for child in supervisor.children.values()]
    leaving = sorted({child.entry.name for child in supervisor.alive()} - set(supervisor.children))
    return {"pid": os.getpid(), "argv": sys.orig_argv, "ending": supervisor.ending, "processes": processes,
            "leaving": leaving}  # fmt: skip


def _apply(supervisor: Supervisor, _: dict[str, Any]) -> dict[str, Any]:
    if supervisor.ending:
        raise ValueError("everything is being stopped")
    return {"changed": supervisor.apply()}


def _restart(supervisor: Supervisor, request: dict[str, Any]) -> dict[str, Any]:
    child = supervisor.children[request["name"]]
    child.stop(time.monotonic())
    return {"restarting": child.entry.name}


def _signal(supervisor: Supervisor, request: dict[str, Any]) -> dict[str, Any]:
    """Send HUP to a child: the supervisor alone knows for certain whose pid it is."""
    child = supervisor.children[request["name"]]
    if child.pid is None:
        raise ValueError(f"{child.entry.name} does not run")
    child.reload()
    return {"signalled": child.entry.name, "pid": child.pid}


def _stop(supervisor: Supervisor, _: dict[str, Any]) -> dict[str, Any]:
    supervisor.ending = True
    return {"stopping": [child.entry.name for child in supervisor.alive()]}


def _upgrade(supervisor: Supervisor, request: dict[str, Any]) -> dict[str, Any]:
    """Replace this program by another version of it: pid, lock, socket and children stay."""
    argv = [str(word) for word in request["argv"]]
    try_out(argv)
    kept = (supervisor.lock, supervisor.listener.fileno())
    for descriptor in kept:
        os.set_inheritable(descriptor, True)
    try:
        os.execv(argv[0], [*argv, "--lock", str(kept[0]), "--listener", str(kept[1])])  # noqa: S606 - named by the agent
    except OSError as error:
        for descriptor in kept:
            os.set_inheritable(descriptor, False)
        raise ValueError(f"{argv[0]}: {error.strerror}") from error


def try_out(argv: list[str]) -> None:
    """Refuse a successor that cannot be loaded: after exec there is no way back. Raises ValueError."""
    try:
        done = subprocess.run([*argv, "--check"], capture_output=True, text=True, timeout=CHECK_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"the new version does not start: {error}") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise ValueError(f"the new version does not start: {said}")


COMMANDS = {
    "status": _status,
    "apply": _apply,
    "restart": _restart,
    "reload": _signal,
    "stop": _stop,
    "upgrade": _upgrade,
}
