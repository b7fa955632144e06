"""Loopback addresses, one an installation: allocated under a lock that every workspace and user of the machine shares.

Two clones and a test run must not meet, and a site keeps its address for good: bookmarks and cookies know it. The
state folder's own file says what it has; the machine's registry, one small file an address, says who has what. It is
below /var/tmp, which every user may write and a restart does not empty.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from yiwang.adapters.files import naming, write_json
from yiwang.errors import NotReady, Refused

VARIABLE = "YIWANG_ADDRESSES"
REGISTRY = Path("/var/tmp/yiwang-addresses")  # noqa: S108 - shared on purpose; sticky, so nobody removes another's claim
LOCK = ".lock"
LOCK_SECONDS = 20.0
ENDS = (".0", ".255")


def registry() -> Path:
    """Return the machine-wide folder of claims."""
    return Path(os.environ.get(VARIABLE) or REGISTRY)


def known(file: Path) -> dict[str, str]:
    """Return what a state folder has been given, without allocating anything. Raises NotReady."""
    if not file.is_file():
        return {}
    try:
        with naming(file):
            own: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
            return {str(name): str(IPv4Address(address)) for name, address in own.items()}
    except (ValueError, AttributeError) as error:
        raise NotReady(
            what=f"{file}: 地址表损坏 / the list of addresses is damaged: {error}", next=f"rm '{file}'"
        ) from error


def allocate(file: Path, names: Sequence[str], *, network: IPv4Network, first: int) -> dict[str, str]:
    """Return each name's address, allocating what is new; `file` is the state folder's own record.

    Raises NotReady, and Refused where another state folder got one of our addresses while nobody could know.
    """
    own, claims = known(file), Claims(registry(), file)
    with claims.locked():
        for name, address in own.items():
            claims.renew(address, name)
        missing = [name for name in names if name not in own]
        for name in missing:
            own[name] = claims.next_free(network, first, name, set(own.values()))
        if missing:
            write_json(file, own)
    return {name: own[name] for name in names}


class Claims:
    """The machine's registry: one file an address, each made by whoever has it. 地址登记。"""

    def __init__(self, folder: Path, owner: Path) -> None:
        self._folder = folder
        self._owner = str(owner.absolute())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the machine-wide lock; a lock held too long is somebody's fault, and says so."""
        with naming(self._folder):
            self._make()
            with _open_lock(self._folder / LOCK) as lock:
                deadline = time.monotonic() + LOCK_SECONDS
                while not _try_lock(lock):
                    if time.monotonic() > deadline:
                        raise NotReady(
                            what=f"{self._folder / LOCK}: 被占用 / is held", next=f"fuser -v {self._folder / LOCK}"
                        )
                    time.sleep(0.05)
                yield

    def _make(self) -> None:
        """Make the folder so that every user may add claims and nobody may remove another's."""
        with contextlib.suppress(FileExistsError):
            self._folder.mkdir(parents=True)
            self._folder.chmod(0o1777)

    def renew(self, address: str, name: str) -> None:
        """Claim an address of ours again: the registry may have been emptied."""
        owner = self._owner_of(address)
        if owner not in (None, self._owner):
            raise Refused(
                rule=f"{name} 的地址 {address} 已属 {owner} / the address of {name} belongs to another state folder",
                who="whoever keeps that state folder", next=f"yiwang preflight; rm '{self._owner}'",
            )  # fmt: skip
        self._claim(address, name)

    def next_free(self, network: IPv4Network, first: int, name: str, used: Set[str]) -> str:
        """Claim the next address that nobody has; one that we claimed in a run that was cut off is free. Raises NotReady."""
        base = int(network.network_address)
        for offset in range(first, network.num_addresses - 1):
            address = str(IPv4Address(base + offset))
            free = address not in used and self._owner_of(address) in (None, self._owner)
            if free and not address.endswith(ENDS) and self._claim(address, name):
                return address
        raise NotReady(what=f"{network} 中没有空闲地址 / no free address in {network}", next="yiwang site list")

    def _owner_of(self, address: str) -> str | None:
        """Return the file that an address is claimed for; None where nobody has it, or its state folder is gone."""
        try:
            owner = str(json.loads((self._folder / address).read_text(encoding="utf-8"))["file"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return owner if owner == self._owner or Path(owner).is_file() or _hidden(Path(owner)) else None

    def _claim(self, address: str, name: str) -> bool:
        """Write a claim; False where another user's stale one stands in the way."""
        try:
            with contextlib.suppress(FileNotFoundError):
                (self._folder / address).unlink()
            write_json(self._folder / address, {"file": self._owner, "name": name})
        except (NotReady, PermissionError):
            return False
        return True


def _hidden(file: Path) -> bool:
    """Whether a file may exist where we may not look: then its claim stands."""
    try:
        file.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    """Open the lock file for reading, which is enough to lock it, whoever made it."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
