"""Reads a release folder and holds it against its manifest: at the release manager's desk and at every site alike."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from pydantic import ValidationError

from yiwang.errors import NotReady, Refused
from yiwang.model.release import MANIFEST_NAME, Artefact, Manifest


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read a release folder's manifest, refusing one that is not in canonical form."""
    path = folder / MANIFEST_NAME
    try:
        data = path.read_bytes()
        manifest = Manifest.model_validate_json(data)
    except FileNotFoundError as error:
        raise NotReady(what=f"{folder} 不是发布目录 / has no {MANIFEST_NAME}", next="yiwang release build") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or MANIFEST_NAME
        raise Refused(
            rule=f"清单无效 / the manifest is not valid: {path}: {place}: {first['msg']}",
            who="release manager", next="yiwang release build",
        ) from error  # fmt: skip
    if data != manifest.canonical_bytes():
        raise Refused(
            rule=f"清单不是规范形式 / the manifest is not in canonical form: {path}",
            who="release manager", next="yiwang release build",
        )  # fmt: skip
    return manifest


def verify(folder: Path) -> tuple[str, ...]:
    """Return everything about a release folder that is not what its manifest says; empty means whole."""
    try:
        manifest = read_manifest(folder)
    except (NotReady, Refused) as error:
        return (str(error),)
    problems = [problem for item in manifest.artefacts for problem in _artefact_problem(folder, item)]
    listed = {item.path for item in manifest.artefacts} | {MANIFEST_NAME}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    problems += [f"{path}: 清单中没有 / not in the manifest" for path in sorted(present - listed)]
    problems += _dependency_problems(manifest)
    if not problems:
        problems += _wheel_problem(folder, manifest)
    return tuple(problems)


def _artefact_problem(folder: Path, item: Artefact) -> list[str]:
    """Return how a file differs from its line in the manifest."""
    file = folder / item.path
    if not file.is_file() or file.is_symlink():
        return [f"{item.path}: 缺失 / missing"]
    if file.stat().st_size != item.size or file_sha256(file) != item.sha256:
        return [f"{item.path}: 内容与清单摘要不符 / differs from its digest in the manifest"]
    return []


def _dependency_problems(manifest: Manifest) -> list[str]:
    """Return dependencies that no artefact stands for."""
    paths = {item.path for item in manifest.artefacts}
    return [
        f"{item.lock}: {path}: 清单缺少该产物 / no such artefact"
        for item in manifest.dependencies
        for path in item.files
        if path not in paths
    ]


def _wheel_problem(folder: Path, manifest: Manifest) -> list[str]:
    """Return whether the wheel calls itself something else than the release."""
    wheel = manifest.wheel()
    with zipfile.ZipFile(folder / wheel.path) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    version = next(line.removeprefix("Version: ") for line in lines if line.startswith("Version: "))
    if version == manifest.release:
        return []
    return [f"{wheel.path}: 版本为 {version} / is version {version}, the manifest says {manifest.release}"]
