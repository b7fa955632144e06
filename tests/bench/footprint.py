"""What a running workspace costs: proportional memory and processor time of every process under its supervisors."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Footprint:
    """The cost of a set of processes: count, PSS in MiB, share of one core in percent over the window."""

    processes: int
    pss_mib: float
    core_percent: float


def parents() -> dict[int, int]:
    """Return parent pid by pid for every process that can be read."""
    found: dict[int, int] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    return found


def descendants(roots: set[int]) -> set[int]:
    """Return the roots and all their descendants."""
    tree = parents()
    family = set(roots)
    while new := {pid for pid, parent in tree.items() if parent in family and pid not in family}:
        family |= new
    return family


def supervisors(state: Path) -> Iterator[int]:
    """Yield the pids whose command line names the state folder and the supervisor."""
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(state) in words and "supervisor" in words:
                yield int(entry.name)


def pss_kib(pid: int) -> int:
    """Return the proportional set size of one process in KiB; 0 when it ended meanwhile."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def ticks(pid: int) -> int:
    """Return user plus system clock ticks of one process; 0 when it ended meanwhile."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def measure(state: Path, *, window: float = 30.0) -> Footprint:
    """Measure everything under the supervisors of `state` over `window` seconds of idling."""
    before = {pid: ticks(pid) for pid in descendants(set(supervisors(state)))}
    time.sleep(window)
    family = descendants(set(supervisors(state)))
    spent = sum(ticks(pid) - before.get(pid, 0) for pid in family)
    percent = 100.0 * spent / os.sysconf("SC_CLK_TCK") / window
    return Footprint(len(family), sum(map(pss_kib, family)) / 1024, percent)
