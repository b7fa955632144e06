"""Files that are whole or not there: written aside, flushed, and moved into place; errors name path and next command."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yiwang.errors import NotReady

FOLDER_MODE = 0o755
REASONS = {
    errno.ENOSPC: ("磁盘已满 / the disk is full", "df -h; yiwang up"),
    errno.EDQUOT: ("磁盘配额已满 / the disk quota is used up", "quota; yiwang up"),
    errno.EROFS: ("文件系统只读 / the file system is read-only", "YIWANG_STATE=/writable/folder yiwang up"),
    errno.EACCES: ("没有写权限 / no permission to write", "YIWANG_STATE=/writable/folder yiwang up"),
    errno.ENOTDIR: ("上级不是目录 / something above it is not a folder", "YIWANG_STATE=/writable/folder yiwang up"),
    errno.ENAMETOOLONG: ("路径过长 / the path is too long", "YIWANG_STATE=/short/folder yiwang up"),
}


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into NotReady with the path and the next command."""
    try:
        yield
    except OSError as error:
        what, following = REASONS.get(error.errno or 0, (str(error.strerror or error), "yiwang preflight"))
        raise NotReady(what=f"{path}: {what}", next=following) from error


def make_folder(path: Path, *, mode: int = FOLDER_MODE) -> Path:
    """Make a folder and those above it, whatever the umask: another user may have to pass. Raises NotReady."""
    with naming(path):
        if not path.is_dir():
            missing = [place for place in path.parents if not place.exists()]
            for place in reversed(missing):
                _make(place, FOLDER_MODE)
            _make(path, mode)
    return path


def _make(path: Path, mode: int) -> None:
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        path.chmod(mode)


def write_atomic(
    path: Path, content: str | bytes, *, mode: int = 0o644, sync: Callable[[int], None] = os.fsync
) -> bool:
    """Write a file whole; return False where it has that content already. Raises NotReady, and leaves the old file."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with naming(path):
        if path.is_file() and path.read_bytes() == data:
            return False
        make_folder(path.parent)
        descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
                stream.write(data)
                stream.flush()
                sync(stream.fileno())
            os.chmod(aside, mode)  # noqa: PTH101 - a name from mkstemp
            os.replace(aside, path)  # noqa: PTH105
            _sync_folder(path.parent, sync)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    return True


def _sync_folder(folder: Path, sync: Callable[[int], None]) -> None:
    """Make a rename outlive a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def private_file(path: Path, content: str = "") -> Path:
    """Make a file that nobody else could read at any moment, for a program that writes or reads it by name."""
    with naming(path):
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write(content)
    return path


def write_json(path: Path, value: Any, *, mode: int = 0o644) -> bool:
    """Write a value as JSON for people and programs; return whether the file changed."""
    return write_atomic(path, json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n", mode=mode)


def write_once(path: Path, make: Callable[[], str]) -> str:
    """Return a secret file's content, making it where it is missing; only its owner reads it."""
    if not path.is_file():
        make_folder(path.parent, mode=0o700)
        write_atomic(path, make(), mode=0o600)
    return path.read_text(encoding="utf-8").strip()


def remove_tree(path: Path) -> bool:
    """Remove a folder whatever its permissions, never what a link in it points to; return whether there was one."""
    with naming(path):
        if path.is_symlink():
            path.unlink()
            return True
        if not path.exists():
            return False
        path.chmod(0o700)
        for folder, names, _ in os.walk(path):
            for name in names:
                inner = Path(folder, name)
                if not inner.is_symlink():
                    inner.chmod(0o700)
        shutil.rmtree(path)
    return True


def make_read_only(path: Path) -> None:
    """Take write permission off every file of a tree; folders stay writable for their owner, so that it can be removed."""
    for folder, _, names in os.walk(path):
        for name in names:
            place = Path(folder, name)
            if not place.is_symlink():
                place.chmod(place.stat().st_mode & ~0o222)


def read_small(path: Path) -> dict[str, Any]:
    """Return a small JSON file of ours; a missing or damaged one says nothing, and is written again."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
