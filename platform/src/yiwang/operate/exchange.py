"""A site's links, asked on its own machine: what waits, what is parked, and sticks in and out.

The door is the site's own hub program with the site's own settings and secrets, so whoever may use it is whoever may
read those: the machine's operator. Control has no part in it and need not run; each change stands on the site's trail.
"""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any, Protocol

from yiwang.errors import NotReady, Refused

JsonObject = dict[str, Any]
STICK_SUFFIX = ".ywx"


class Door(Protocol):
    """Runs one command of a site's hub program. 站点命令入口。"""

    def command(self, role: str, *words: str) -> str:
        """Return what it printed. Raises NotReady."""


def links(door: Door) -> list[JsonObject]:
    """Return every link of a site."""
    return list(_ask(door, "kit:links")["items"])


def parked(door: Door) -> list[JsonObject]:
    """Return what is parked at a site, oldest first."""
    return list(_ask(door, "kit:parked")["items"])


def retry(door: Door, envelope: str, reason: str) -> JsonObject:
    """Let a parked envelope be applied again."""
    return _ask(door, "kit:retry", envelope, "--reason", reason, *_who())


def skip(door: Door, envelope: str, reason: str) -> JsonObject:
    """Never apply a parked envelope."""
    return _ask(door, "kit:skip", envelope, "--reason", reason, *_who())


def export_stick(door: Door, folder: Path, *, peer: str | None, max_bytes: int | None) -> list[JsonObject]:
    """Write what the neighbours behind sticks have not acknowledged into a folder."""
    if not folder.is_dir():
        raise NotReady(what=f"没有此目录 / no such folder: {folder}", next=f"mkdir -p {folder}")
    words = [*(("--peer", peer) if peer else ()), *(("--max-bytes", str(max_bytes)) if max_bytes else ())]
    return list(_ask(door, "kit:export", "--to", str(folder.absolute()), *words, *_who())["items"])


def import_stick(door: Door, place: Path) -> list[JsonObject]:
    """Use one stick, or every stick of a folder in the order of their names."""
    if not place.exists() or (place.is_dir() and not list(place.glob(f"*{STICK_SUFFIX}"))):
        raise NotReady(what=f"没有交换介质 / no stick at {place}", next=f"ls {place}")
    return list(_ask(door, "kit:import", "--from", str(place.absolute()), *_who())["items"])


def _who() -> tuple[str, str]:
    """Return who stands on the trail: the machine's own account."""
    return "--actor", f"operator:{getpass.getuser()}"


def _ask(door: Door, role: str, *words: str) -> JsonObject:
    answer: JsonObject = json.loads(door.command(role, *words))
    if "refused" in answer:
        raise Refused(rule=answer["refused"], who="operations", next=answer["next"] or "yiwang status")
    return answer
