"""What an agent must not forget: which command it took up, how far it came, and what it ran before.

One small file, replaced whole and flushed before anything acts on it. After kill -9 the agent reads it and goes on with
the same command from its first phase: every phase converges, so a repeat is harmless.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from yiwang.errors import NotReady
from yiwang.model.command import Outcome, Progress, SignedCommand
from yiwang.model.release import Record


class Memory(Record):
    """The content of the journal. 代理日志。"""

    epoch: int = 0
    generation: int = 0
    command: SignedCommand | None = None
    """The command taken up last."""
    progress: Progress | None = None
    current: SignedCommand | None = None
    """The command whose release the site is on: what a failed one goes back to."""
    proven: int = 0
    """The proof demand that was answered last."""
    unproven: bool = False
    """Whether something changed since the last report was accepted."""
    neighbours_digest: str = ""

    def number(self) -> tuple[int, int]:
        """Return the highest (epoch, generation) ever accepted."""
        return (self.epoch, self.generation)

    def running(self) -> bool:
        """Whether a command was taken up and not brought to its end."""
        return self.progress is not None and self.progress.outcome is Outcome.RUNNING


def write_whole(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write a file so that it is whole or absent, and on disk when this returns."""
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor that was opened with its mode
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


class Journal:
    """The agent's memory on disk. 代理记忆。"""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Memory:
        """Return what is remembered; nothing at the very first start."""
        try:
            return Memory.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return Memory()
        except ValidationError as error:
            raise NotReady(what=f"{self._path} 已损坏 / is damaged: {error}", next="yiwang up") from error

    def write(self, memory: Memory) -> Memory:
        """Remember, durably."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, memory.model_dump_json(by_alias=True).encode())
        return memory

    def update(self, change: Callable[[Memory], Memory]) -> Memory:
        """Read, change, remember; the loop and its worker take turns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w", encoding="ascii") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            return self.write(change(self.read()))
