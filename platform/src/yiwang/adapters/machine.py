"""What this machine offers: asked by pre-flight, which changes nothing. Tests put a made-up machine in its place."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import pwd
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from yiwang.adapters.processes import DATABASE_USERS

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
CGROUP_USAGES = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")
TCP_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LISTENING = "0A"
KIB = 1024


class ThisMachine:
    """The machine that we run on. 本机。"""

    def python(self) -> tuple[int, int]:
        """Return the running Python's version."""
        return sys.version_info[0], sys.version_info[1]

    def system(self) -> str:
        """Return operating system and architecture, e.g. ``Linux x86_64``."""
        return f"{platform.system()} {platform.machine()}"

    def glibc(self) -> tuple[int, ...]:
        """Return the C library's version; empty where it is another one."""
        name, version = platform.libc_ver()
        return tuple(int(part) for part in version.split(".")) if name == "glibc" else ()

    def is_root(self) -> bool:
        """Return whether we are root."""
        return os.geteuid() == 0

    def has_user(self, name: str) -> bool:
        """Return whether the system knows a user."""
        return any(entry.pw_name == name for entry in pwd.getpwall())

    def database_users(self) -> tuple[str, ...]:
        """Return the users that PostgreSQL may drop to, of those that the system knows."""
        return tuple(name for name in DATABASE_USERS if self.has_user(name))

    def program(self, name: str) -> str | None:
        """Return where a program is."""
        return shutil.which(name)

    def now(self) -> datetime:
        """Return the clock's moment."""
        return datetime.now(UTC)

    def modified(self, paths: Iterable[Path]) -> datetime | None:
        """Return when the newest of some files was written; None where none is there."""
        times = []
        for path in paths:
            with contextlib.suppress(OSError):
                times.append(path.stat().st_mtime)
        return datetime.fromtimestamp(max(times), UTC) if times else None

    def memory_available(self) -> int:
        """Return the bytes that new processes may use, by the machine and by our cgroup."""
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next((int(line.split()[1]) * KIB for line in lines if line.startswith("MemAvailable:")), 0)
        limit, used = _first_number(CGROUP_LIMITS), _first_number(CGROUP_USAGES)
        return free if limit is None or used is None else min(free, max(0, limit - used))

    def disk_free(self, path: Path) -> tuple[int, int]:
        """Return free bytes and free inodes where a path is or will be."""
        found = os.statvfs(existing(path))
        return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else sys.maxsize

    def write_error(self, path: Path) -> str | None:
        """Return why a folder could not be made or written; tried with a file that is gone at once."""
        place = existing(path)
        if not place.is_dir():
            return f"{place}: {os.strerror(errno.ENOTDIR)}"
        try:
            with tempfile.NamedTemporaryFile(dir=place, prefix=".yiwang-preflight-") as probe:
                probe.write(bytes(4 * KIB))
                probe.flush()
                os.fsync(probe.fileno())
        except OSError as error:
            return f"{place}: {error.strerror}"
        return None

    def closed_to(self, path: Path, user: str) -> Path | None:
        """Return the first folder above a path that a user may not enter; None where the way is open."""
        person = pwd.getpwnam(user)
        place = existing(path)
        for folder in (*reversed(place.parents), place):
            found = folder.stat()
            if not folder.is_dir():
                return None  # nobody may enter what is no folder: another check says so
            shift = 6 if found.st_uid == person.pw_uid else 3 if found.st_gid == person.pw_gid else 0
            if not found.st_mode >> shift & 0o1:
                return folder
        return None

    def bind_error(self, address: str, port: int) -> str | None:
        """Return why nothing could listen there, naming who does; None where the port is free."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                holder = listener(address, port) if error.errno == errno.EADDRINUSE else None
                return f"{address}:{port}: {error.strerror}{f' ({holder})' if holder else ''}"
        return None

    def uptime(self) -> float:
        """Return seconds since the machine started."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


def existing(path: Path) -> Path:
    """Return the path itself, or the nearest above it that exists."""
    for place in (path, *path.parents):
        with contextlib.suppress(OSError):
            place.stat()
            return place
    return Path("/")


def _first_number(paths: Iterable[str]) -> int | None:
    """Return the number in the first of some files that has one; ``max`` is none."""
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            return int(Path(path).read_text(encoding="ascii"))
    return None


def listener(address: str, port: int) -> str | None:
    """Return pid and name of who listens on a port of an address, as far as we may see."""
    inodes = {f"socket:[{inode}]" for inode in _listening(address, port)}
    for link in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        with contextlib.suppress(OSError):
            if os.readlink(link) in inodes:  # noqa: PTH115 - the target is no path
                process = link.parents[1]
                return f"pid {process.name} {(process / 'comm').read_text(encoding='utf-8').strip()}"
    return None


def _listening(address: str, port: int) -> Iterable[str]:
    """Yield the inodes of listening sockets on an address or on all addresses."""
    ours = socket.inet_aton(address)[::-1].hex().upper()
    for table in TCP_TABLES:
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                words = line.split()
                host, _, number = words[1].partition(":")
                anywhere = not host.strip("0")
                if words[3] == LISTENING and int(number, 16) == port and (anywhere or host.endswith(ours)):
                    yield words[9]
