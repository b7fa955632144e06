"""The journal of inspections on disk: one line an entry, each with the SM3 of the one before; it only grows.

A line that a power cut left half written is no entry: it never had a digest, so nobody was told of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from yiwang.adapters.files import make_folder, naming
from yiwang.adapters.locking import exclusive
from yiwang.errors import Refused
from yiwang_kit.crypto import canonical_json, sm3

FIRST = "0" * 64
NAME = "journal.jsonl"


@dataclass(frozen=True)
class InspectionJournal:
    """What was found and decided, in order. 巡检日志。"""

    folder: Path

    @property
    def file(self) -> Path:
        """Return the file."""
        return self.folder / NAME

    def entries(self) -> list[dict[str, Any]]:
        """Return every entry. Raises Refused where the chain does not hold."""
        try:
            lines = self.file.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        found, before = [], FIRST
        for n, line in enumerate(lines, 1):
            entry = _entry(line)
            if entry is None or entry["n"] != n or entry["before"] != before or entry["digest"] != _digest(entry):
                raise Refused(
                    rule=f"{self.file} 第 {n} 条被改动 / entry {n} is not what was written: the evidence does not hold",
                    who="审计管理员 / the audit administrator, who keeps a copy of the file first",
                    next=f"cp '{self.file}' '{self.file}.evidence'",
                )
            before = entry["digest"]
            found.append(entry)
        return found

    def append(self, kind: str, body: Mapping[str, Any], now: datetime) -> str:
        """Add one entry, flushed to disk; return its digest. Raises Refused, NotReady."""
        make_folder(self.folder, mode=0o700)
        with exclusive(self.folder / "lock"):
            entries = self.entries()
            before = entries[-1]["digest"] if entries else FIRST
            entry = {"n": len(entries) + 1, "before": before, "at": now.isoformat(), "kind": kind, "body": dict(body)}
            entry["digest"] = _digest(entry)
            self._write(canonical_json(entry) + b"\n")
        return str(entry["digest"])

    def _write(self, line: bytes) -> None:
        with naming(self.file), open(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as stream:  # noqa: PTH123
            whole = stream.read().rfind(b"\n") + 1
            stream.truncate(whole)
            stream.seek(whole)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return (
        entry if isinstance(entry, dict) and {"n", "before", "at", "kind", "body", "digest"} <= entry.keys() else None
    )


def _digest(entry: Mapping[str, Any]) -> str:
    return sm3(canonical_json({name: value for name, value in entry.items() if name != "digest"})).hex()
