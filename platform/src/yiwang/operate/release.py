"""Build, show, compare and verify releases: the release manager's use cases.

A build reads the tree once, makes everything from those bytes, and writes a folder that is complete or absent. When
nothing that goes into a release has changed, building again only checks that what is there is still what was built.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yiwang.adapters import builder, wheelhouse
from yiwang.adapters.interpreter import running_interpreter
from yiwang.adapters.locking import exclusive
from yiwang.adapters.release_folder import file_sha256, read_manifest, verify
from yiwang.adapters.sbom import sbom
from yiwang.adapters.source import Source, read_source
from yiwang.errors import DefinitionError, NotReady
from yiwang.model.release import (
    MANIFEST_NAME,
    Artefact,
    ArtefactKind,
    Change,
    DependencySet,
    Manifest,
    difference,
    is_release_id,
    release_order,
)

__all__ = ["Built", "build", "compare", "read_manifest", "source_tree", "verify"]

BUILD_FORMAT = "1"
RECIPES = ".builds"

Say = Callable[[str], None]


def silent(_: str) -> None:
    """Say nothing: the default for callers without a terminal."""


@dataclass(frozen=True)
class Built:
    """A finished build. 构建结果。"""

    folder: Path
    manifest: Manifest
    reused: bool


def source_tree(start: Path | None = None) -> Path:
    """Return the checkout that a build is made from: the current folder's, else the one this code runs from."""
    here = start or Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / "pyproject.toml").is_file() and (folder / "platform" / "src" / "yiwang").is_dir():
            return folder
    raise NotReady(
        what="不在源码目录中 / this is not a checkout of the source",
        next="cd into the clone, then: yiwang release build",
    )


def _recipe(source: Source) -> str:
    """Return the digest of everything that a build's bytes depend on."""
    interpreter = running_interpreter(glibc="").title()
    text = f"{BUILD_FORMAT}\n{interpreter}\n{sys.version_info[:2]}\n{source.digest()}"
    return hashlib.sha256(text.encode()).hexdigest()


def _reusable(out: Path, release: str, recipe: str) -> Manifest | None:
    """Return the manifest of an earlier build of the same source, if its folder is still exactly what was built."""
    record = out / RECIPES / f"{release}.json"
    try:
        noted = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    folder = out / release
    if noted.get("recipe") != recipe or verify(folder):
        return None
    manifest = read_manifest(folder)
    return manifest if manifest.digest() == noted.get("manifest") else None


def build(
    tree: Path,
    out: Path,
    *,
    version: str | None = None,
    overlay: Path | None = None,
    enter_from: Sequence[str] = (),
    say: Say = silent,
) -> Built:
    """Build a release from a tree (and an overlay) into ``out/<release>``, or find that it is already there.

    `enter_from` adds releases that may move to this one beside those that the tree's policy names.
    """
    if version is not None and not is_release_id(version):
        raise DefinitionError(
            path="--version",
            line=1,
            expectation="CalVer such as 2026.12.0",
            next="yiwang release build --version 2026.12.0",
        )
    source = read_source(tree, version=version, overlay=overlay)
    if enter_from:
        entries = tuple(sorted({*source.policy.may_enter_from, *enter_from}, key=release_order))
        source = replace(source, policy=source.policy.model_copy(update={"may_enter_from": entries}))
    with exclusive(out / RECIPES / "lock"):
        return _build(source, out, say)


def _build(source: Source, out: Path, say: Say) -> Built:
    """Build a source, unless the same one was built before and is still whole."""
    recipe = _recipe(source)
    existing = _reusable(out, source.version, recipe)
    if existing is not None:
        return Built(out / source.version, existing, reused=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".building-") as scratch:
        folder = Path(scratch) / source.version
        manifest = _assemble(source, folder, say)
        _install(folder, out / source.version)
    record = out / RECIPES / f"{source.version}.json"
    record.write_text(json.dumps({"recipe": recipe, "manifest": manifest.digest()}) + "\n", encoding="utf-8")
    return Built(out / source.version, manifest, reused=False)


def _install(folder: Path, target: Path) -> None:
    """Put a finished release folder in its place."""
    if target.exists():
        shutil.rmtree(target)
    folder.replace(target)


def _assemble(source: Source, folder: Path, say: Say) -> Manifest:
    """Write every artefact of a release into a folder, and its manifest last."""
    folder.mkdir(parents=True)
    dist = builder.console_dist(source, say)
    wheel = builder.build_wheel(source, dist, folder / "wheels", say)
    locks = {name: source.files[f"requirements/{name}.lock"].decode() for name in wheelhouse.LOCKS}
    houses = wheelhouse.wheelhouse(locks, say)
    artefacts = [_artefact(folder, wheel, ArtefactKind.WHEEL)]
    artefacts += [_copied(folder, file) for file in _distinct(houses)]
    artefacts += [_lock(folder, name, text) for name, text in locks.items()]
    artefacts.append(_sbom(folder, source.version, locks))
    manifest = Manifest(
        release=source.version,
        source=source.digest(),
        artefacts=tuple(sorted(artefacts, key=lambda item: item.path)),
        dependencies=tuple(_dependency_set(name, locks[name], files) for name, files in houses.items()),
        migrations=builder.migration_heads(source),
        contracts=builder.contract_hashes(source),
        content=builder.content_packs(source),
        console=builder.tree_sha256(_read_all(dist)) if dist else None,
        settings_schema=builder.settings_schema(source),
        policy=source.policy,
    )
    (folder / MANIFEST_NAME).write_bytes(manifest.canonical_bytes())
    return manifest


def _read_all(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _distinct(houses: dict[str, tuple[Path, ...]]) -> list[Path]:
    """Return every dependency once, however many locks want it."""
    return sorted({file for files in houses.values() for file in files})


def _artefact(folder: Path, file: Path, kind: ArtefactKind) -> Artefact:
    """Describe a file of the release by digest."""
    return Artefact(
        name=file.name,
        kind=kind,
        path=file.relative_to(folder).as_posix(),
        sha256=file_sha256(file),
        size=file.stat().st_size,
    )


def _copied(folder: Path, file: Path) -> Artefact:
    """Copy a dependency out of the cache; a link would let a change of one reach the other."""
    target = folder / "dependencies" / file.name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(file, target)
    return _artefact(folder, target, ArtefactKind.DEPENDENCY)


def _lock(folder: Path, name: str, text: str) -> Artefact:
    """Write a lock into the release."""
    target = folder / "locks" / f"{name}.lock"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return _artefact(folder, target, ArtefactKind.LOCK)


def _sbom(folder: Path, release: str, locks: dict[str, str]) -> Artefact:
    """Write the bill of materials."""
    pins = {(pin.name, pin.version): pin for text in locks.values() for pin in wheelhouse.parse_lock(text)}
    target = folder / "sbom.cdx.json"
    target.write_bytes(sbom(release, pins))
    return _artefact(folder, target, ArtefactKind.SBOM)


def _dependency_set(lock: str, text: str, files: tuple[Path, ...]) -> DependencySet:
    """State which files make up a lock for the running interpreter, and the oldest glibc they run on."""
    return DependencySet(
        lock=lock,
        lock_sha256=hashlib.sha256(text.encode()).hexdigest(),
        interpreter=running_interpreter(glibc=wheelhouse.needed_glibc([file.name for file in files])),
        files=tuple(f"dependencies/{file.name}" for file in sorted(files)),
    )


def compare(before: Path, after: Path) -> tuple[Change, ...]:
    """Return what changes from one release folder to another."""
    return difference(read_manifest(before), read_manifest(after))
