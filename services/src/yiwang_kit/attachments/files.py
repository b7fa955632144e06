"""Files by digest in one folder: whole or not there, readable by nobody else, and resumable while they arrive."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from yiwang_kit.attachments.media import media_type
from yiwang_kit.attachments.photos import blank_location
from yiwang_kit.crypto import sm3

CHUNK = 256 * 1024
STRAY_SECONDS = 24 * 3600.0


class NotTaken(Exception):
    """The file is of no kind that is taken, empty or too large. 不收的文件。"""


class Damaged(Exception):
    """What arrived is not what its digest says. 内容与摘要不符。"""


@dataclass(frozen=True)
class Kept:
    """A file that now stands under its digest."""

    digest: str
    size: int
    media_type: str


class FileStore:
    """The folder of a site's attachments. 附件库。"""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, stream: BinaryIO, *, limit: int, blank: bool) -> Kept:
        """Copy a stream under its digest, without a photo's location if asked. Raises NotTaken."""
        arriving = self._arriving()
        handle, name = tempfile.mkstemp(dir=arriving, prefix="new-")
        path = Path(name)
        try:
            with os.fdopen(handle, "w+b") as file:
                size = _copy(stream, file, limit)
                kind = media_type(file)
                if kind is None or size == 0:
                    raise NotTaken("type")
                if blank:
                    _blank(file, kind)
                digest = digest_of(file)
                os.fsync(file.fileno())
            self._settle(path, digest)
        finally:
            path.unlink(missing_ok=True)
        return Kept(digest, size, kind)

    def has(self, digest: str) -> bool:
        """Return whether the whole file is here."""
        return self.path(digest).is_file()

    def path(self, digest: str) -> Path:
        """Return where a file stands."""
        return self._folder / digest[:2] / digest

    def read(self, digest: str, offset: int, length: int) -> bytes:
        """Return a part of a file that is here."""
        with self.path(digest).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def received(self, digest: str) -> int:
        """Return how many bytes of an arriving file are here; the disk is the truth, so a crash costs a chunk at most."""
        part = self._part(digest)
        return part.stat().st_size if part.exists() else 0

    def append(self, digest: str, offset: int, content: bytes) -> int:
        """Add the next bytes of an arriving file where they follow what is here; return how many are here now."""
        self._arriving()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self._part(digest), flags, 0o600), "ab") as file:
            if file.tell() == offset:
                file.write(content)
            return int(file.tell())

    def forget(self, digest: str) -> None:
        """Drop what arrived of a file: it is fetched from its beginning."""
        self._part(digest).unlink(missing_ok=True)

    def complete(self, digest: str) -> None:
        """Let an arrived file take its place. Raises Damaged, and forgets it, where it is not what its digest says."""
        part = self._part(digest)
        with part.open("rb") as file:
            found = digest_of(file)
            os.fsync(file.fileno())
        if found != digest:
            part.unlink()
            raise Damaged(f"摘要不符，重新获取 / it does not fit its digest {digest[:12]}, it is fetched again")
        self._settle(part, digest)

    def strays(self, known: Callable[[str], bool]) -> Iterator[Path]:
        """Yield files older than a day that no record names: uploads whose transaction did not commit."""
        old = time.time() - STRAY_SECONDS
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < old and not known(path.name.removesuffix(".part")):
                    yield path

    def _settle(self, path: Path, digest: str) -> None:
        target = self.path(digest)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _part(self, digest: str) -> Path:
        return self._folder / "arriving" / f"{digest}.part"

    def _arriving(self) -> Path:
        folder = self._folder / "arriving"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def _copy(stream: BinaryIO, file: Any, limit: int) -> int:
    size = 0
    while content := stream.read(CHUNK):
        size += len(content)
        if size > limit:
            raise NotTaken("size")
        file.write(content)
    file.flush()
    return size


def _blank(file: Any, kind: str) -> None:
    with mmap.mmap(file.fileno(), 0) as content:
        blank_location(content, kind)


def digest_of(file: BinaryIO) -> str:
    """Return the SM3 digest of a whole file."""
    file.seek(0)
    if "sm3" not in hashlib.algorithms_available:
        return sm3(file.read()).hex()
    state = hashlib.new("sm3")
    while content := file.read(CHUNK):
        state.update(content)
    return state.hexdigest()
