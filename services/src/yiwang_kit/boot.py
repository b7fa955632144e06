"""Hashes an installed release before any of it is imported, so that a process can prove what it loaded.

Standard library only, because nothing else may be trusted yet. The installer copies this file to the root of an
installed release, beside ``venv/``, ``staged.json`` and ``pack/``, and the supervisor starts::

    venv/bin/python -I -S -B boot.py serve all --settings pack/settings.json

``-I -S`` keeps the environment, the user's site folder and every ``.pth`` file out (a ``.pth`` would run first). Then
everything under ``venv/`` and this file are hashed and compared with ``staged.json``, the list the agent made from
verified wheels; the result goes to the file named by ``YIWANG_BOOT_REPORT``; and only then is site-packages put on the
path, without processing ``.pth``. A drifted release still starts, because an outage is not a remedy: it is reported,
shown red, and healed by a new installation. The same scan runs hourly and on demand in the agent.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STAGED = "staged.json"
BOOT = "boot.py"
VENV = "venv"
REPORT_VARIABLE = "YIWANG_BOOT_REPORT"
START_TIME_FIELD = 19  # field 22 of /proc/<pid>/stat, counted after the command's closing bracket

Files = dict[str, tuple[str, int]]


def _walk(folder: str) -> Iterator[str]:
    """Yield every file and symbolic link under a folder; a link to a folder is one entry, not a way in."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
            else:
                yield entry.path


def _fingerprint(path: str) -> tuple[str, int]:
    """Return digest and size of a file; a link counts as its target's name."""
    if os.path.islink(path):  # noqa: PTH114 - the hot loop of every start works on plain strings
        target = os.readlink(path).encode()  # noqa: PTH115
        return hashlib.sha256(b"link:" + target).hexdigest(), len(target)
    with open(path, "rb") as stream:  # noqa: PTH123
        size = os.fstat(stream.fileno()).st_size
        return hashlib.file_digest(stream, "sha256").hexdigest(), size


def observe(root: Path) -> Files:
    """Hash everything that an installed release runs from: ``venv/`` whole, and ``boot.py``."""
    base = f"{root}{os.sep}"
    paths = [*_walk(str(root / VENV)), str(root / BOOT)]
    return {path.removeprefix(base): _fingerprint(path) for path in sorted(paths)}


def tree_digest(files: Files) -> str:
    """Return one digest for a whole tree."""
    lines = (f"{path}\0{files[path][0]}\n" for path in sorted(files))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def seal(root: Path, release: str, origin_of: Callable[[str], str]) -> dict[str, Any]:
    """Write ``staged.json``: what this installation is from now on, file by file, each with the artefact it is from."""
    files = observe(root)
    origins: dict[str, int] = {}
    listed = {
        path: [digest, size, origins.setdefault(origin_of(path), len(origins))]
        for path, (digest, size) in files.items()
    }
    staged = {
        "schema": 1,
        "release": release,
        "tree_digest": tree_digest(files),
        "origins": list(origins),
        "files": listed,
    }
    temporary = root / f".{STAGED}.tmp"
    temporary.write_text(json.dumps(staged, sort_keys=True), encoding="utf-8")
    temporary.replace(root / STAGED)
    return staged


def compare(staged: dict[str, Any], found: Files) -> list[dict[str, str]]:
    """Return every difference between the staged list and the disk, each naming its artefact."""
    listed, origins = staged["files"], staged["origins"]
    drift = []
    for path in sorted(listed.keys() | found.keys()):
        artefact = origins[listed[path][2]] if path in listed else ""
        if path not in found:
            drift.append({"path": path, "kind": "missing", "artefact": artefact})
        elif path not in listed:
            drift.append({"path": path, "kind": "extra", "artefact": artefact})
        elif listed[path][0] != found[path][0]:
            drift.append({"path": path, "kind": "changed", "artefact": artefact})
    return drift


def read_staged(root: Path) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return the staged list; an absent or broken one is drift itself, never an empty expectation."""
    try:
        staged = json.loads((root / STAGED).read_text(encoding="utf-8"))
        if staged["schema"] == 1 and isinstance(staged["files"], dict) and isinstance(staged["origins"], list):
            return staged, []
        kind = "changed"
    except FileNotFoundError:
        kind = "missing"
    except (ValueError, KeyError, TypeError):
        kind = "changed"
    return {}, [{"path": STAGED, "kind": kind, "artefact": "staged list"}]


def scan(root: Path) -> dict[str, Any]:
    """Hash an installed release and compare it with its staged list: the one scan of boot, hourly proof and demand."""
    started = time.monotonic()
    staged, unusable = read_staged(root)
    found = observe(root)
    digest = tree_digest(found)
    return {
        "release": staged.get("release"),
        "files": len(found),
        "bytes": sum(size for _, size in found.values()),
        "tree_digest": digest,
        "staged_digest": staged.get("tree_digest"),
        "drift": unusable or compare(staged, found),
        "seconds": round(time.monotonic() - started, 3),
    }


def start_time_ticks(pid: int | str = "self") -> int | None:
    """Return when a process started, in kernel ticks since boot: with the pid it names one process for ever."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(stat.rpartition(")")[2].split()[START_TIME_FIELD])
    except (OSError, ValueError, IndexError):
        return None


def report(root: Path) -> dict[str, Any]:
    """Return the boot report of this process."""
    return {
        "schema": 1,
        "pid": os.getpid(),
        "started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "start_time_ticks": start_time_ticks(),
        "python": ".".join(map(str, sys.version_info[:3])),
        **scan(root),
    }


def write_report(content: dict[str, Any], target: str | None) -> None:
    """Write the boot report where the agent looks for it; without a place the process still starts."""
    if not target:
        return
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    temporary.replace(path)


def site_packages(root: Path) -> Path:
    """Return the folder with the installed packages."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return root / VENV / "lib" / version / "site-packages"


def main(arguments: list[str]) -> int:
    """Hash, report, open the way to the installed packages, and hand over to the hub."""
    root = Path(__file__).resolve().parent
    boot_report = report(root)
    write_report(boot_report, os.environ.get(REPORT_VARIABLE))
    for finding in boot_report["drift"][:20]:
        print(f"boot: {finding['path']} {finding['kind']} {finding['artefact']}", file=sys.stderr)
    sys.path.insert(0, str(site_packages(root)))
    serve = importlib.import_module("yiwang_kit.serve")
    return int(serve.main(arguments, boot_report) or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
