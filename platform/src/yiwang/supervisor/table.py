"""The process table: what to keep alive, read from the JSON file that the site's agent writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = 1
READY_KINDS = ("none", "tcp", "http")


class TableError(ValueError):
    """A process table that cannot be used; says which entry and why. 进程表无效。"""


@dataclass(frozen=True)
class Entry:
    """One process to keep alive. 受管进程。"""

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
    return table


def _entry(item: Mapping[str, Any]) -> Entry:
    try:
        ready = dict(item.get("ready") or {"kind": "none"})
        if ready.get("kind") not in READY_KINDS:
            raise TableError(f"{item['name']}: ready.kind is one of {', '.join(READY_KINDS)}")
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
    except (KeyError, TypeError) as error:
        raise TableError(f"an entry lacks {error}") from error
