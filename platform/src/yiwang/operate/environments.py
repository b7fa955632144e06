"""Environments of the platform's own processes, made from a release's verified wheels: control's and the agents'.

Every agent of a state folder shares one: it is read-only, and its pages are in memory once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from yiwang.adapters import uv
from yiwang.adapters.files import remove_tree
from yiwang.adapters.interpreter import running_interpreter
from yiwang.adapters.release_folder import read_manifest
from yiwang.errors import NotReady
from yiwang.model.paths import StatePaths

YOUNG_SECONDS = 3600.0
"""An agent may be about to hand over to an environment that no process table names yet."""


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


def tidy(state: StatePaths, tables: Iterable[Path], *, now: float | None = None) -> list[str]:
    """Remove the environments that no process table names and that are not young; return their names.

    One is about 90 MB, and every release brings two. An earlier release's is made again from its verified wheels when a
    command for that release comes.
    """
    named = "\n".join(path.read_text(encoding="utf-8") for path in tables if path.is_file())
    moment = time.time() if now is None else now
    gone = [place for place in sorted((state.root / "environments").glob("*-20*"))
            if f"/{place.name}/" not in named and moment - place.stat().st_mtime > YOUNG_SECONDS]  # fmt: skip
    for place in gone:
        remove_tree(place)
    return [place.name for place in gone]
