"""The loop: reap, start what may start, probe, enforce, answer. One thread, no library, nothing that can hang for long."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import time
from pathlib import Path
from typing import Any

from yiwang.supervisor.child import Child, rotate
from yiwang.supervisor.table import TableError, read_table

TICK = 0.1
IDLE_TICK = 1.0
ROTATE_EVERY = 60.0
REQUEST_LIMIT = 64 * 1024
RESUME = "resume.json"


class Supervisor:
    """Keeps the table's processes alive until it is told to stop. 进程看护。"""

    def __init__(self, folder: Path, listener: socket.socket, lock: int) -> None:
        self._folder = folder
        self._listener = listener
        self._lock = lock
        self._children: dict[str, Child] = {}
        self._leaving: list[Child] = []
        self._ending = False
        self._rotated = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)

    def run(self) -> int:
        """Work until everything is stopped; return the exit code."""
        wake, _ = self._signals()
        self._selector.register(wake, selectors.EVENT_READ)
        self._load()
        self._resume()
        while not (self._ending and not self._alive()):
            self._tick(time.monotonic())
            for key, _ in self._selector.select(IDLE_TICK if self._calm() else TICK):
                if key.fileobj is self._listener:
                    self._serve()
                else:
                    with contextlib.suppress(BlockingIOError):
                        wake.recv(4096)
        return 0

    def _signals(self) -> tuple[socket.socket, socket.socket]:
        wake, end = socket.socketpair()
        wake.setblocking(False)
        end.setblocking(False)
        signal.set_wakeup_fd(end.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._ends = end
        return wake, end

    def _on_stop(self, *_: object) -> None:
        self._ending = True

    def _alive(self) -> list[Child]:
        return [child for child in (*self._children.values(), *self._leaving) if child.pid is not None]

    def _calm(self) -> bool:
        """Whether nothing is under way, so that the loop may sleep until a signal or a request."""
        return not self._ending and not self._leaving and all(child.ready for child in self._children.values())

    def _tick(self, now: float) -> None:
        for child in [*self._children.values(), *self._leaving]:
            child.reap(now)
            child.enforce(now)
        self._leaving = [child for child in self._leaving if child.pid is not None]
        if self._ending:
            self._stop_in_order(now)
        else:
            self._start_what_may(now)
        for child in self._children.values():
            child.probe(now)
        if now - self._rotated > ROTATE_EVERY:
            self._rotated = now
            for child in self._children.values():
                rotate(Path(child.entry.log))

    def _start_what_may(self, now: float) -> None:
        leaving = {child.entry.name for child in self._leaving}
        for name, child in self._children.items():
            if child.pid is None and now >= child.not_before and name not in leaving and self._awaited_ready(child):
                child.spawn(now)

    def _awaited_ready(self, child: Child) -> bool:
        return all(self._children[name].ready for name in child.entry.after if name in self._children)

    def _stop_in_order(self, now: float) -> None:
        """Stop what nothing alive waits for, so that the database ends after the hub."""
        alive = {child.entry.name for child in self._alive()}
        needed = {name for child in self._alive() for name in child.entry.after}
        for child in self._children.values():
            if child.entry.name in alive - needed:
                child.stop(now)

    # The table ----------------------------------------------------------------------------------------------------

    def _load(self) -> list[str]:
        """Read the table; stop what left it or changed, and let the rest run. Return the names that changed."""
        table = read_table(self._folder / "table.json")
        changed = [name for name, child in self._children.items() if table.get(name) != child.entry]
        for name in changed:
            old = self._children.pop(name)
            if old.pid is not None:
                old.stop(time.monotonic())
                self._leaving.append(old)
        added = [name for name in table if name not in self._children]
        self._children = {name: self._children.get(name) or Child(entry) for name, entry in table.items()}
        return [*changed, *(name for name in added if name not in changed)]

    def _resume(self) -> None:
        """Take over the children that we had before we replaced ourselves."""
        path = self._folder / RESUME
        with contextlib.suppress(OSError, ValueError):
            for item in json.loads(path.read_text(encoding="utf-8")):
                if item["name"] in self._children:
                    self._children[item["name"]].adopt(item["pid"], time.monotonic(), ready=item["ready"])
        path.unlink(missing_ok=True)

    # Requests -----------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(1.0)
            with contextlib.suppress(OSError):
                reply = self._reply(read_line(connection))
                connection.sendall(json.dumps(reply).encode() + b"\n")

    def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            act = {"status": self._status, "apply": self._apply, "restart": self._restart, "stop": self._stop,
                   "upgrade": self._upgrade}[request["command"]]  # fmt: skip
            return {"ok": True, **act(request)}
        except (ValueError, KeyError, TypeError) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    def _status(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "ending": self._ending,
            "processes": [c.describe() for c in self._children.values()],
        }

    def _apply(self, _: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"changed": self._load()}
        except TableError as error:
            raise ValueError(f"the table was not applied: {error}") from error

    def _restart(self, request: dict[str, Any]) -> dict[str, Any]:
        child = self._children[request["name"]]
        child.stop(time.monotonic())
        child.not_before = 0.0
        return {"restarting": child.entry.name}

    def _stop(self, _: dict[str, Any]) -> dict[str, Any]:
        self._ending = True
        return {"stopping": [child.entry.name for child in self._alive()]}

    def _upgrade(self, request: dict[str, Any]) -> dict[str, Any]:
        """Replace this program by another version of it: pid, lock, socket and children stay."""
        argv = [str(word) for word in request["argv"]]
        kept = [{"name": c.entry.name, "pid": c.pid, "ready": c.ready} for c in self._children.values() if c.pid]
        (self._folder / RESUME).write_text(json.dumps(kept), encoding="utf-8")
        for descriptor in (self._lock, self._listener.fileno()):
            os.set_inheritable(descriptor, True)
        inherited = ["--lock", str(self._lock), "--listener", str(self._listener.fileno())]
        os.execv(argv[0], [*argv, *inherited])  # noqa: S606 - the agent names its own verified interpreter


def read_line(connection: socket.socket) -> bytes:
    """Return one request, without its newline."""
    received = b""
    while not received.endswith(b"\n") and len(received) < REQUEST_LIMIT:
        part = connection.recv(4096)
        if not part:
            break
        received += part
    return received.strip()
