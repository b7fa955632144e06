"""Turns an installed environment into a staged list: what a site's files are from now on, and which wheel each is from.

The installer unpacked verified wheels; this module compares what lies on disk with the wheels' own RECORD, refuses
anything that neither a wheel nor the installer accounts for, and seals the rest. boot.py compares with that seal at
every start; ``scan`` is the same comparison for the agent's hourly and demanded proofs.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from yiwang.adapters.files import write_json
from yiwang.adapters.release_folder import file_sha256
from yiwang.errors import Refused
from yiwang.model.proof import DriftKind, FileDrift, LoadedProcess
from yiwang_kit import boot

BYTECODE = "bytecode"
INSTALLER = "installer"
INSTALLER_FILES = frozenset({"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json"})
DATA_SCHEMES = ("purelib", "platlib")

Recorded = dict[str, tuple[str, str]]


def recorded(wheels: Iterable[Path]) -> Recorded:
    """Return what the wheels say they install into site-packages: path → (sha256 hex, wheel name)."""
    listed: Recorded = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
            rows = csv.reader(io.StringIO(archive.read(record).decode()))
            for path, digest, *_ in rows:
                if digest.startswith("sha256="):
                    listed[_installed_path(path)] = (_hex(digest.removeprefix("sha256=")), wheel.name)
    return listed


def _hex(encoded: str) -> str:
    """Return RECORD's digest as hex."""
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()


def _installed_path(path: str) -> str:
    """Return where a file of a wheel ends up below site-packages; ``.data/purelib`` is unpacked there too."""
    first, _, rest = path.partition("/")
    scheme, _, inner = rest.partition("/")
    return inner if first.endswith(".data") and scheme in DATA_SCHEMES else path


def seal(root: Path, release: str, wheels: Iterable[Path]) -> dict[str, Any]:
    """Copy boot.py to a release's root, check its environment against the wheels, and write ``staged.json``."""
    packages = boot.site_packages(root)
    listed = recorded(wheels)
    shutil.copyfile(packages / "yiwang_kit" / boot.BOOT, root / boot.BOOT)
    prefix = f"{packages.relative_to(root).as_posix()}/"
    _check(root, packages, prefix, listed)
    return boot.seal(root, release, lambda path: _origin(path, prefix, listed))


def _origin(path: str, prefix: str, listed: Recorded) -> str:
    """Return the artefact that a staged file is from."""
    if path == boot.BOOT:
        path = f"{prefix}yiwang_kit/{boot.BOOT}"
    if not path.startswith(prefix):
        return INSTALLER
    inner = path.removeprefix(prefix)
    if inner.endswith(".pyc"):
        source = _source_of(inner)
        return f"{BYTECODE} of {listed[source][1]}" if source in listed else BYTECODE
    return listed[inner][1] if inner in listed else INSTALLER


def _source_of(bytecode: str) -> str:
    """Return the source that a ``__pycache__`` file was compiled from."""
    path = PurePosixPath(bytecode)
    return (path.parent.parent / f"{path.name.partition('.')[0]}.py").as_posix()


def _check(root: Path, packages: Path, prefix: str, listed: Recorded) -> None:
    """Refuse an environment that differs from its wheels, naming the files."""
    found = boot.observe(root)
    problems = []
    for inner, (digest, wheel) in listed.items():
        if ".data/" in inner:
            continue  # scripts and headers are rewritten by the installer; nothing here runs them
        have = found.get(f"{prefix}{inner}")
        if have is None or have[0] != digest:
            problems.append(f"{inner} {'missing' if have is None else 'changed'} ({wheel})")
    strangers = (path.removeprefix(prefix) for path in found if path.startswith(prefix))
    problems += [f"{inner} extra" for inner in strangers if inner not in listed and not _ours(inner, listed)]
    if problems:
        raise Refused(
            rule=f"安装结果与 wheel 不符 / {packages} is not what its wheels contain: " + "; ".join(problems[:5]),
            who="不可越过 / nobody may override: the environment is removed and installed again",
            next="yiwang rollout status",
        )


def _ours(inner: str, listed: Recorded) -> bool:
    """Whether the installer itself made a file: its notes, or bytecode of a source that a wheel lists."""
    path = PurePosixPath(inner)
    if path.suffix == ".pyc":
        return _source_of(inner) in listed
    return path.name in INSTALLER_FILES and path.parent.name.endswith(".dist-info")


def scan(root: Path) -> tuple[dict[str, Any], tuple[FileDrift, ...]]:
    """Hash an installed release now; return the numbers and the drift."""
    result = boot.scan(root)
    return result, tuple(FileDrift(**finding) for finding in result["drift"])


def keep_digest(root: Path, note: Path) -> None:
    """Write down the digest of a release's staged list, apart from what the list is about."""
    write_json(note, {"sha256": file_sha256(root / boot.STAGED)})


def list_drift(root: Path, note: Path) -> tuple[FileDrift, ...]:
    """Return the staged list as drift where it is not the one whose digest was kept; nothing where none was."""
    if not note.is_file():
        return ()
    listed = root / boot.STAGED
    if listed.is_file() and file_sha256(listed) == json.loads(note.read_text(encoding="utf-8"))["sha256"]:
        return ()
    return (FileDrift(path=boot.STAGED, kind=DriftKind.CHANGED, artefact="the list that the agent sealed"),)


def loaded(name: str, pid: int, report: dict[str, Any] | None) -> LoadedProcess:
    """Return what a running process proved when it started, beside what the kernel says about its pid now."""
    ticks = boot.start_time_ticks(pid)
    noted = report or {}
    return LoadedProcess(
        name=name,
        pid=pid,
        alive=ticks is not None,
        release=noted.get("release"),
        tree_digest=noted.get("tree_digest"),
        started_at=noted.get("started_at"),
        start_time_ticks=ticks,
        boot_start_time_ticks=noted.get("start_time_ticks"),
        drift=tuple(FileDrift(**finding) for finding in noted.get("drift", ())),
    )
