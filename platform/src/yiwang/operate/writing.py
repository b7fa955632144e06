"""Writes a set of emitted or declared files, and says what changed. Emitters stay pure; this is the separate step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from yiwang.adapters.files import naming, write_atomic


class ChangeKind(StrEnum):
    """How a file on disk relates to what it should say. 差异类型。"""

    NEW = "new"
    CHANGED = "changed"
    STALE = "stale"


@dataclass(frozen=True)
class Change:
    """One file that is not what it should be. 文件差异。"""

    path: str
    kind: ChangeKind


def compare(root: Path, files: Mapping[str, str], owned: Mapping[str, str] | None = None) -> tuple[Change, ...]:
    """Return what would change below a folder; `owned` are files there that only we write and that must not be left."""
    changes = []
    for path, text in sorted(files.items()):
        target = root / path
        if not target.is_file():
            changes.append(Change(path, ChangeKind.NEW))
        elif target.read_bytes() != text.encode():
            changes.append(Change(path, ChangeKind.CHANGED))
    stale = sorted((owned or {}).keys() - files.keys())
    return (*changes, *(Change(path, ChangeKind.STALE) for path in stale))


def write(root: Path, files: Mapping[str, str], changes: tuple[Change, ...]) -> None:
    """Make the changes. Raises NotReady naming the path that could not be written."""
    for change in changes:
        target = root / change.path
        if change.kind is ChangeKind.STALE:
            with naming(target):
                target.unlink(missing_ok=True)
        else:
            write_atomic(target, files[change.path])
