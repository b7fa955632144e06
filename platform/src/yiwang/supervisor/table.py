"""The process table: what to keep alive, read from the JSON file that the site's agent writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

SCHEMA = 1
READY_KINDS = {"none": (), "tcp": ("host", "port"), "http": ("url",)}
STOP_SIGNALS = ("TERM", "INT", "QUIT", "HUP")


class TableError(Exception):
    """A process table that cannot be used; says which entry and why. 进程表无效。"""


class Entry(NamedTuple):
    """One process to keep alive. 受管进程。"""  # a tuple, because importing dataclasses costs a megabyte a supervisor

    name: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    cwd: str
    user: str | None
    stop_signal: str
    stop_seconds: float
    ready: tuple[tuple[str, Any], ...]
    after: tuple[str, ...]
    log: str


def read_table(path: Path) -> dict[str, Entry]:
    """Return the entries by name, in the table's order. Raises TableError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: {error}") from error
    return parse_table(content)


def parse_table(content: Any) -> dict[str, Entry]:
    """Return the entries of a table in memory. Raises TableError."""
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise TableError(f"a process table has schema {SCHEMA}")
    entries = [_entry(item) for item in content.get("processes", [])]
    table = {entry.name: entry for entry in entries}
    if len(table) != len(entries):
        raise TableError("two processes have one name")
    for entry in entries:
        unknown = [name for name in entry.after if name not in table]
        if unknown:
            raise TableError(f"{entry.name} waits for {unknown[0]}, which is not in the table")
    _refuse_circles(table)
    return table


def _refuse_circles(table: dict[str, Entry]) -> None:
    """Refuse processes that wait for each other: they would wait for ever, and say nothing."""
    done: set[str] = set()
    while len(done) < len(table):
        free = [name for name, entry in table.items() if name not in done and done.issuperset(entry.after)]
        if not free:
            raise TableError(f"{', '.join(sorted(table.keys() - done))} wait for each other")
        done.update(free)


def _ready(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ready check, with everything that its kind needs."""
    ready = dict(item.get("ready") or {"kind": "none"})
    needs = READY_KINDS.get(ready.get("kind", ""))
    if needs is None:
        raise TableError(f"{item['name']}: ready.kind is one of {', '.join(READY_KINDS)}")
    missing = [key for key in needs if key not in ready]
    if missing:
        raise TableError(f"{item['name']}: ready lacks {missing[0]}")
    return ready


def _entry(item: Mapping[str, Any]) -> Entry:
    try:
        ready = _ready(item)
        if not item["argv"]:
            raise TableError(f"{item['name']}: argv is empty")
        if (item.get("stop_signal") or "TERM") not in STOP_SIGNALS:
            raise TableError(f"{item['name']}: stop_signal is one of {', '.join(STOP_SIGNALS)}")
        return Entry(
            name=str(item["name"]),
            argv=tuple(str(word) for word in item["argv"]),
            env=tuple(sorted((str(k), str(v)) for k, v in (item.get("env") or {}).items())),
            cwd=str(item.get("cwd") or "/"),
            user=item.get("user"),
            stop_signal=str(item.get("stop_signal") or "TERM"),
            stop_seconds=float(item.get("stop_seconds") or 10.0),
            ready=tuple(sorted(ready.items())),
            after=tuple(item.get("after") or ()),
            log=str(item["log"]),
        )
    except KeyError as error:
        raise TableError(f"an entry lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise TableError(f"an entry is not what it should be: {error}") from error
