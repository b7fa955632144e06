"""Log files of the children: appended by them, rotated and annotated by us, never allowed to fill a disk."""

from __future__ import annotations

import contextlib
import os
import time
from io import BufferedWriter
from pathlib import Path

from yiwang.supervisor.table import Entry

LOG_LIMIT = 16 * 1024 * 1024
COPY_BLOCK = 1024 * 1024


def open_log(path: Path) -> BufferedWriter:
    """Open a log for appending; its folder is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def note(entry: Entry, text: str) -> None:
    """Write a line of ours into the child's log."""
    with contextlib.suppress(OSError), Path(entry.log).open("a", encoding="utf-8") as log:
        log.write(f"supervisor {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {entry.name}: {text}\n")


def rotate(path: Path, limit: int = LOG_LIMIT) -> None:
    """Copy a log that grew too large aside and empty it; the child keeps its file and appends from the start."""
    aside = path.with_name(f"{path.name}.1")
    try:
        if path.stat().st_size <= limit:
            return
        with contextlib.suppress(OSError):  # no room for the old lines: room for new ones matters more
            copy(path, aside)
        os.truncate(path, 0)
    except OSError:
        return  # a log that cannot be read must not end the supervisor


def copy(source: Path, target: Path) -> None:
    """Copy a file in blocks; leave nothing half-made."""
    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            while block := reading.read(COPY_BLOCK):
                writing.write(block)
    except OSError:
        target.unlink(missing_ok=True)
        raise
