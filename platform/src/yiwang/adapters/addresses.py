"""Loopback addresses, one a site: allocated from 127.64.0.0/10 under a lock that every workspace of the machine shares.

Two clones and a test run must not meet, and a site keeps its address for good: certificates, bookmarks and cookies know it.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from yiwang.adapters.files import naming, write_json
from yiwang.errors import NotReady

CONTROL = "control"


def registry() -> Path:
    """Return the machine-wide file that says which state folder holds which address."""
    return Path(os.environ.get("YIWANG_ADDRESSES") or Path(tempfile.gettempdir()) / "yiwang-addresses.json")


@contextmanager
def _locked(path: Path) -> Iterator[dict[str, str]]:
    """Hold the machine-wide lock; yield address → owner, and write back what was added."""
    with naming(path), open(os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o666), "rb") as lock:  # noqa: PTH123
        fcntl.flock(lock, fcntl.LOCK_EX)
        taken = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        before = dict(taken)
        yield taken
        if taken != before:
            write_json(path, taken, mode=0o666)


def allocate(file: Path, names: list[str], *, network: IPv4Network, first: int) -> dict[str, str]:
    """Return each name's address, allocating what is new; `file` is the state folder's own record. Raises NotReady."""
    own: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    missing = [name for name in names if name not in own]
    with _locked(registry()) as taken:
        _forget_the_gone(taken, file)
        for name, address in own.items():
            taken.setdefault(address, f"{file}#{name}")
        for name in missing:
            own[name] = _next_free(taken, network, first)
            taken[own[name]] = f"{file}#{name}"
        if missing:
            write_json(file, own)
    return {name: own[name] for name in names}


def _forget_the_gone(taken: dict[str, str], own: Path) -> None:
    """Free the addresses of state folders that no longer exist."""
    for address, owner in list(taken.items()):
        file = Path(owner.rpartition("#")[0])
        if file != own and not file.is_file():
            del taken[address]


def _next_free(taken: dict[str, str], network: IPv4Network, first: int) -> str:
    base = int(network.network_address)
    for offset in range(first, network.num_addresses - 1):
        address = str(IPv4Address(base + offset))
        if address not in taken and not address.endswith((".0", ".255")):
            return address
    raise NotReady(what=f"{network} 中没有空闲地址 / no free address in {network}", next="yiwang site list")
