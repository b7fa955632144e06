"""The loop: reap, start what may start, probe, enforce, answer. One thread, no library, nothing that can hang for long."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from pathlib import Path
from typing import Any

from yiwang.supervisor import record, requests
from yiwang.supervisor.child import Child
from yiwang.supervisor.logs import rotate
from yiwang.supervisor.table import Entry, read_table

TICK = 0.1
IDLE_TICK = 5.0
HOUSEKEEPING_EVERY = 30.0


class Supervisor:
    """Keeps the table's processes alive until it is told to stop. 进程看护。"""

    def __init__(self, folder: Path, socket_path: Path, lock: int, listener: socket.socket | None = None) -> None:
        self.folder = folder
        self.lock = lock
        self.listener = listener or requests.listen(socket_path)
        self.children: dict[str, Child] = {}
        self.ending = False
        self._socket_path = socket_path
        self._replaces = listener is not None
        self._leaving: list[Child] = []
        self._recorded: list[dict[str, Any]] = []
        self._kept_house = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._watch(self.listener)

    def run(self) -> int:
        """Work until everything is stopped; return the exit code."""
        table = read_table(self.folder / "table.json")
        self._take_over(table)
        wake, self._end = self._signals()
        self._selector.register(wake, selectors.EVENT_READ)
        while not (self.ending and not self.alive()):
            self._tick(time.monotonic())
            for key, _ in self._selector.select(IDLE_TICK if self._calm() else TICK):
                if key.fileobj is self.listener:
                    requests.serve(self)
                else:
                    with contextlib.suppress(BlockingIOError):
                        wake.recv(4096)
        self._record()
        self._socket_path.unlink(missing_ok=True)
        return 0

    def _watch(self, listener: socket.socket) -> None:
        os.set_inheritable(listener.fileno(), False)
        self._selector.register(listener, selectors.EVENT_READ)

    def _signals(self) -> tuple[socket.socket, socket.socket]:
        """Let every signal wake the loop; return both ends, because the second must stay open."""
        wake, end = socket.socketpair()
        wake.setblocking(False)
        end.setblocking(False)
        signal.set_wakeup_fd(end.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        return wake, end

    def _on_stop(self, *_: object) -> None:
        self.ending = True

    def alive(self) -> list[Child]:
        """Return the children that run, those that are leaving included."""
        return [child for child in (*self.children.values(), *self._leaving) if child.pid is not None]

    def _calm(self) -> bool:
        """Whether nothing is under way, so that the loop may sleep until a signal or a request."""
        return not self.ending and not self._leaving and all(child.ready for child in self.children.values())

    def _tick(self, now: float) -> None:
        for child in [*self.children.values(), *self._leaving]:
            child.reap(now)
            child.enforce(now)
        self._leaving = [child for child in self._leaving if child.pid is not None]
        if self.ending:
            self._stop_in_order(now)
        else:
            self._start_what_may(now)
        for child in self.children.values():
            child.probe(now)
        self._record()
        if now - self._kept_house > HOUSEKEEPING_EVERY:
            self._kept_house = now
            self._keep_house()

    def _start_what_may(self, now: float) -> None:
        leaving = {child.entry.name for child in self._leaving}
        for name, child in self.children.items():
            if child.pid is None and now >= child.not_before and name not in leaving and self._awaited_ready(child):
                child.spawn(now)

    def _awaited_ready(self, child: Child) -> bool:
        return all(self.children[name].ready for name in child.entry.after if name in self.children)

    def _stop_in_order(self, now: float) -> None:
        """Stop what nothing alive waits for, so that the database ends after the hub."""
        needed = {name for child in self.alive() for name in child.entry.after}
        for child in self.children.values():
            if child.pid is not None and child.entry.name not in needed:
                child.stop(now)

    def _keep_house(self) -> None:
        """Rotate logs, and listen anew where something cleaned our socket away."""
        for child in self.children.values():
            rotate(Path(child.entry.log))
        if not self._socket_path.exists():
            with contextlib.suppress(OSError):
                fresh = requests.listen(self._socket_path)
                self._selector.unregister(self.listener)
                self.listener.close()
                self.listener = fresh
                self._watch(fresh)

    # The table ----------------------------------------------------------------------------------------------------

    def apply(self) -> list[str]:
        """Read the table; stop what left it or changed, and let the rest run. Return the names that changed."""
        table = read_table(self.folder / "table.json")
        changed = [name for name, child in self.children.items() if table.get(name) != child.entry]
        for name in changed:
            self._let_go(self.children.pop(name))
        added = [name for name in table if name not in self.children]
        self.children = {name: self.children.get(name) or Child(entry) for name, entry in table.items()}
        return [*changed, *(name for name in added if name not in changed)]

    def _let_go(self, child: Child) -> None:
        if child.pid is not None:
            child.stop(time.monotonic())
            self._leaving.append(child)

    # What was there before us -------------------------------------------------------------------------------------

    def _take_over(self, table: dict[str, Entry]) -> None:
        """Adopt the children that we had before we replaced ourselves; end what a killed supervisor left behind."""
        self.children = {name: Child(entry) for name, entry in table.items()}
        before = record.read(self.folder)
        if not self._replaces:
            record.end(before)
            return
        for item in before:
            self._adopt(item, table)

    def _adopt(self, item: dict[str, Any], table: dict[str, Entry]) -> None:
        entry = table.get(item["name"])
        if entry is not None and item["entry"] == digest(entry) and not item["leaving"]:
            self.children[entry.name].adopt(item["pid"], time.monotonic(), ready=item["ready"])
            return
        stranger = Child(
            Entry(item["name"], (), (), "/", None, item["signal"], 10.0, (("kind", "none"),), (), os.devnull)
        )
        stranger.adopt(item["pid"], time.monotonic(), ready=False)
        self._let_go(stranger)

    def _record(self) -> None:
        """Keep the record of our children true; written only when something changed."""
        leaving = {id(child) for child in self._leaving}
        now = [
            {"name": c.entry.name, "pid": c.pid, "ticks": c.ticks, "ready": c.ready, "signal": c.entry.stop_signal,
             "entry": digest(c.entry), "leaving": id(c) in leaving}
            for c in self.alive()
        ]  # fmt: skip
        if now != self._recorded:
            self._recorded = now
            record.write(self.folder, now)


def digest(entry: Entry) -> str:
    """Return what tells two entries apart, the same in every process."""
    return repr(tuple(entry))
