"""One writer at a time, among processes of one machine: two `make up` must not build or publish into each other."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yiwang.adapters.files import naming


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file for the time of the block; others wait. The kernel frees it whatever happens to us."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def exclusive_folder(folder: Path) -> Iterator[None]:
    """Hold a folder itself, made if need be, so that nothing of ours is left in what belongs to somebody else."""
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
