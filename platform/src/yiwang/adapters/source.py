"""The source of a release: the tree as paths and bytes, with an overlay laid over a copy, never over the tree.

Everything a build reads goes through here, so that one digest over these bytes says whether a build would give
anything new, and so that N+1 (``--overlay tests/support/next``) is made from exactly the tree plus what is committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from yiwang.adapters.migration_files import chains, unreadable
from yiwang.errors import DefinitionError
from yiwang.model.release import Policy, RelativePath, ReleaseId

FILES = (".gitignore", "pyproject.toml", "README.md", "hatch_build.py")
FOLDERS = ("platform/src", "platform/sites", "services/src", "services/content", "services/console", "requirements")
POLICY_FILE = "platform/release.yaml"
HEAD, REVISION = b"@HEAD@", b"@REVISION@"
OVERLAY_FILE = "overlay.yaml"
IGNORED_NAMES = frozenset({"__pycache__", "node_modules", "dist", "coverage", "test-results", ".vite"})
IGNORED_SUFFIXES = (".pyc", ".egg-info", ".swp", "~", ".tsbuildinfo")
T = TypeVar("T", bound=BaseModel)
VERSION_LINE = re.compile(r'^version = "[^"]*"$', flags=re.MULTILINE)


class JsonEdit(BaseModel):
    """A change of a JSON file that survives changes of the file: a merge patch, or rows at the end. JSON 修改。"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = Field(default=None, alias="from")
    merge: dict[str, Any] = {}
    append: tuple[Any, ...] = ()


class Overlay(BaseModel):
    """What turns the tree into another release for a test of upgrades. 叠加层。"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: ReleaseId
    purpose: str
    extends: str | None = None
    may_enter_from: tuple[str, ...] = ("base",)
    rollback_floor: str | None = "base"
    required_stops: tuple[ReleaseId, ...] = ()
    append: dict[RelativePath, str] = {}
    edit: dict[RelativePath, JsonEdit] = {}
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """The bytes that a release is built from. 发布源。"""

    version: str
    policy: Policy
    files: dict[str, bytes]

    def digest(self) -> str:
        """Return one digest over every path, every byte, and the policy."""
        total = hashlib.sha256(f"{self.version}\n{self.policy.model_dump_json()}\n".encode())
        for path in sorted(self.files):
            total.update(f"{path}\0{hashlib.sha256(self.files[path]).hexdigest()}\n".encode())
        return total.hexdigest()

    def below(self, prefix: str) -> dict[str, bytes]:
        """Return the files below a folder, by their path inside it."""
        start = f"{prefix}/"
        return {path.removeprefix(start): data for path, data in self.files.items() if path.startswith(start)}


def write_files(files: dict[str, bytes], folder: Path) -> None:
    """Write files out as a tree of their own."""
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _kept(name: str) -> bool:
    """Whether a file or folder belongs to the source; tools' droppings don't."""
    return name not in IGNORED_NAMES and not name.endswith(IGNORED_SUFFIXES)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the source files below a folder, without ever entering what is ignored (node_modules is large)."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _kept(name))
        yield from (Path(place) / name for name in sorted(names) if _kept(name))


def _tree_files(tree: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every source file of a checkout with its bytes."""
    candidates = [tree / name for name in FILES]
    for folder in FOLDERS:
        candidates += _walk(tree / folder)
    for path in candidates:
        if path.is_file():
            yield path.relative_to(tree).as_posix(), path.read_bytes()


def _yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; an absent file is an empty one."""
    if not path.is_file():
        return {}
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise unreadable(path, error, line=mark.line + 1 if mark else 1) from error
    return loaded if isinstance(loaded, dict) else {"": loaded}


def _model(kind: type[T], path: Path) -> T:
    """Read a YAML file into a model, refusing with path and expectation."""
    try:
        return kind.model_validate(_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DefinitionError(
            path=str(path), line=1, expectation=f"{where}: {first['msg']}", next=f"edit {path.name} and build again"
        ) from error


def _version(pyproject: bytes) -> str:
    """Return the release id, which stands in pyproject.toml and nowhere else."""
    try:
        return str(tomllib.loads(pyproject.decode())["project"]["version"])
    except (ValueError, KeyError) as error:
        raise unreadable("pyproject.toml", error) from error


def _with_version(files: dict[str, bytes], version: str) -> dict[str, bytes]:
    """Return the files with another version in pyproject.toml."""
    changed = VERSION_LINE.sub(f'version = "{version}"', files["pyproject.toml"].decode(), count=1)
    return files | {"pyproject.toml": changed.encode()}


def read_source(tree: Path, *, version: str | None = None, overlay: Path | None = None) -> Source:
    """Read a tree, lay the overlay over it in memory, and return the source of one release."""
    files = dict(_tree_files(tree))
    if "pyproject.toml" not in files:
        raise DefinitionError(
            path=str(tree), line=1, expectation="a checkout with pyproject.toml", next="yiwang release build --tree DIR"
        )
    base = _version(files["pyproject.toml"])
    policy = _model(Policy, tree / POLICY_FILE)
    if overlay is not None:
        files, policy, overlaid = _overlaid(files, overlay, base)
        version = version or overlaid
    version = version or base
    return Source(version=version, policy=policy, files=_with_version(files, version))


def _overlaid(files: dict[str, bytes], overlay: Path, base: str) -> tuple[dict[str, bytes], Policy, str]:
    """Return files, policy and version with an overlay (and the one it extends) applied; ``base`` is the tree's."""
    spec = _model(Overlay, overlay / OVERLAY_FILE)
    if spec.extends is not None:
        files, _, _ = _overlaid(files, overlay / spec.extends, base)
    policy = Policy(
        may_enter_from=tuple(base if item == "base" else item for item in spec.may_enter_from),
        rollback_floor=base if spec.rollback_floor == "base" else spec.rollback_floor,
        required_stops=spec.required_stops,
    )
    return _applied(files, overlay, spec), policy, spec.version


def _applied(files: dict[str, bytes], overlay: Path, spec: Overlay) -> dict[str, bytes]:
    """Return files with one overlay applied: added or replaced, removed, appended to, edited, migrated."""
    root = overlay / "tree"
    added = {path.relative_to(root).as_posix(): path.read_bytes() for path in _walk(root)}
    result = {path: data for path, data in (files | added).items() if path not in spec.remove}
    for path, text in spec.append.items():
        result[path] = _existing(result, path, overlay) + text.encode()
    for path, edit in spec.edit.items():
        result[path] = _edited(_existing(result, edit.source or path, overlay), edit, path)
    return result | _migrations(result, overlay / "migrations")


def _existing(files: dict[str, bytes], path: str, overlay: Path) -> bytes:
    """Return a file that an overlay builds on, which the tree must have."""
    if path not in files:
        raise unreadable(overlay / OVERLAY_FILE, f"{path} exists in the tree")
    return files[path]


def _edited(data: bytes, edit: JsonEdit, path: str) -> bytes:
    """Return a JSON file with an edit applied."""
    try:
        content = json.loads(data)
    except ValueError as error:
        raise unreadable(path, error) from error
    content = [*content, *edit.append] if isinstance(content, list) else _merged(content, edit.merge)
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _merged(base: Any, patch: Any) -> Any:
    """Return a JSON merge patch (RFC 7396) applied."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _migrations(files: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """Return an overlay's migrations, numbered after the head of each package, wherever that is by now.

    ``migrations/<package>/<slug>.py`` says ``@REVISION@`` and ``@HEAD@`` where the numbers belong.
    """
    known, made = chains(files), {}
    for path in sorted(folder.glob("*/*.py")):
        chain = known.get(path.parent.name)
        if chain is None:
            raise unreadable(path, f"a folder named after a migrated package, one of: {', '.join(known)}")
        revision = f"{chain.next_number()}_{path.stem}"
        text = path.read_bytes().replace(HEAD, chain.head().encode()).replace(REVISION, revision.encode())
        made[f"{chain.folder}/{revision}.py"] = text
    return made
