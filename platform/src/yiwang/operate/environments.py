"""Environments of the platform's own processes, made from a release's verified wheels: control's and the agents'.

Every agent of a state folder shares one: it is read-only, and its pages are in memory once.
"""

from __future__ import annotations

from pathlib import Path

from yiwang.adapters import uv
from yiwang.adapters.interpreter import running_interpreter
from yiwang.adapters.release_folder import read_manifest
from yiwang.errors import NotReady
from yiwang.model.paths import StatePaths


def environment(state: StatePaths, release_folder: Path, lock: str) -> Path:
    """Return the interpreter of an environment made from a release for one role, making it first if need be."""
    manifest = read_manifest(release_folder)
    place = state.root / "environments" / f"{lock}-{manifest.release}-{manifest.digest()[:12]}"
    python = place / "bin" / "python"
    if not python.is_file():
        wanted = manifest.dependency_set(lock, running_interpreter())
        if wanted is None:
            raise NotReady(
                what=f"{manifest.release} 不支持此解释器 / was not built for this Python ({lock})",
                next="yiwang release build",
            )
        wheels = [release_folder / manifest.wheel().path, *(release_folder / path for path in wanted.files)]
        signed = {release_folder / item.path: item.sha256 for item in manifest.artefacts}
        uv.create(place, wheels, digests=signed)
    return python


def engine_wheel(release_folder: Path, package: str) -> Path:
    """Return the wheel of an engine in a release folder. Raises NotReady."""
    manifest = read_manifest(release_folder)
    wanted = manifest.dependency_set("engines", running_interpreter())
    prefix = f"{package.replace('-', '_').lower()}-"
    for path in wanted.files if wanted else ():
        if Path(path).name.lower().startswith(prefix):
            return release_folder / path
    raise NotReady(what=f"{release_folder} 不含 {package} / carries no {package}", next="yiwang release build")
