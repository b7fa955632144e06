"""What a release is: one immutable manifest that names every artefact by digest.

Everything that asks "which version is this?" asks this module's types, because a version string proves nothing: two
sites are the same when they run artefacts with the same digests. The manifest is data only; building, signing and
reading it from disk live in the adapters.
"""

from __future__ import annotations

import hashlib
import json
import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

MANIFEST_NAME = "manifest.json"
RELEASE_PATTERN = r"^20\d\d\.([1-9]|1[0-2])\.\d{1,4}$"

ReleaseId = Annotated[str, StringConstraints(pattern=RELEASE_PATTERN)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _inside(path: str) -> str:
    """Refuse a path that could leave the folder it is relative to."""
    parts = path.split("/")
    if not path or "\\" in path or "\x00" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError("must be a relative path without . or .. parts")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]


class Record(BaseModel):
    """A value that is signed or compared: frozen, without unknown keys. 不可变记录。"""

    model_config = ConfigDict(extra="forbid", frozen=True)


def canonical(value: Any) -> bytes:
    """Return the one byte form of a JSON value: sorted keys, no spaces, UTF-8; floats have no place in it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def release_order(release: str) -> tuple[int, ...]:
    """Return a key that orders CalVer ids: 2026.9.10 before 2026.11.2."""
    return tuple(int(part) for part in release.split("."))


class ArtefactKind(StrEnum):
    """What an artefact is for. 产物种类。"""

    WHEEL = "wheel"
    DEPENDENCY = "dependency"
    LOCK = "lock"
    SBOM = "sbom"


class Artefact(Record):
    """One file of a release, by digest. 发布产物。"""

    name: str
    kind: ArtefactKind
    path: RelativePath
    sha256: Sha256
    size: int = Field(ge=0)


class Interpreter(Record):
    """The Python a set of dependencies was locked for. 解释器。"""

    implementation: str = "cpython"
    python: str = Field(pattern=r"^3\.\d+$")
    arch: str
    glibc: str = Field(default="", pattern=r"^(\d+\.\d+)?$")

    def title(self) -> str:
        """Return a short name for people, e.g. ``cpython 3.11 x86_64 glibc ≥ 2.28``."""
        libc = f" glibc ≥ {self.glibc}" if self.glibc else ""
        return f"{self.implementation} {self.python} {self.arch}{libc}"

    def accepts(self, other: Interpreter) -> bool:
        """Whether dependencies locked for this interpreter run on the other one (its glibc may be newer)."""
        same = (self.implementation, self.python, self.arch) == (other.implementation, other.python, other.arch)
        return same and (not self.glibc or release_order(other.glibc or "0") >= release_order(self.glibc))


class DependencySet(Record):
    """The locked dependencies of one role for one interpreter. 锁定依赖集。"""

    lock: str
    lock_sha256: Sha256
    interpreter: Interpreter
    files: tuple[RelativePath, ...]


class ContentPack(Record):
    """A dated, immutable data pack inside the wheel. 内容包。"""

    pack: str
    version: str
    sha256: Sha256


class Policy(Record):
    """Where a release may be entered from, and how far back one may go. 升级策略。"""

    may_enter_from: tuple[ReleaseId, ...] = ()
    rollback_floor: ReleaseId | None = None
    required_stops: tuple[ReleaseId, ...] = ()


class Manifest(Record):
    """An immutable release: every artefact by digest. 发布清单。"""

    schema_: int = Field(default=1, alias="schema", serialization_alias="schema", ge=1, le=1)
    release: ReleaseId
    source: Sha256
    artefacts: tuple[Artefact, ...]
    dependencies: tuple[DependencySet, ...]
    migrations: dict[str, str]
    contracts: dict[str, Sha256]
    content: tuple[ContentPack, ...] = ()
    console: Sha256 | None = None
    settings_schema: Sha256
    policy: Policy = Policy()

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def canonical_bytes(self) -> bytes:
        """Return the bytes that are stored, hashed and signed."""
        return canonical(self.model_dump(mode="json", by_alias=True))

    def digest(self) -> str:
        """Return the SHA-256 of the manifest: the release's true name."""
        return hashlib.sha256(self.canonical_bytes()).hexdigest()

    def artefact(self, path: str) -> Artefact | None:
        """Return the artefact at a path of the release folder."""
        return next((item for item in self.artefacts if item.path == path), None)

    def wheel(self) -> Artefact:
        """Return the one wheel that carries all of our code."""
        return next(item for item in self.artefacts if item.kind is ArtefactKind.WHEEL)

    def dependency_set(self, lock: str, interpreter: Interpreter) -> DependencySet | None:
        """Return the dependencies of a role that run on an interpreter, if this release was built for it."""
        fitting = (item for item in self.dependencies if item.lock == lock and item.interpreter.accepts(interpreter))
        return next(fitting, None)

    def interpreters(self) -> tuple[Interpreter, ...]:
        """Return the interpreters this release was built for."""
        return tuple(dict.fromkeys(item.interpreter for item in self.dependencies))

    def may_be_entered_from(self, installed: str | None) -> bool:
        """Whether a site on ``installed`` may move here; a fresh site and a repeat always may."""
        return installed is None or installed == self.release or installed in self.policy.may_enter_from

    def may_go_back_to(self, release: str) -> bool:
        """Whether a site on this release may be put back to an older one."""
        floor = self.policy.rollback_floor
        return floor is not None and release_order(release) >= release_order(floor)


class Change(Record):
    """One line of the difference between two releases. 发布差异。"""

    what: str
    name: str
    before: str | None
    after: str | None


def _versions(manifest: Manifest) -> dict[tuple[str, str], str]:
    """Return everything of a manifest that can differ, by (kind, name)."""
    lines = {("artefact", item.path): item.sha256 for item in manifest.artefacts}
    lines |= {("migrations", name): head for name, head in manifest.migrations.items()}
    lines |= {("contract", name): digest for name, digest in manifest.contracts.items()}
    lines |= {("content", item.pack): f"{item.version} {item.sha256}" for item in manifest.content}
    lines |= {("policy", name): json.dumps(value) for name, value in manifest.policy.model_dump(mode="json").items()}
    lines[("settings", "schema")] = manifest.settings_schema
    if manifest.console:
        lines[("console", "page")] = manifest.console
    return lines


def difference(before: Manifest, after: Manifest) -> tuple[Change, ...]:
    """Return what changes when a site moves from one release to the other, in a stable order."""
    old, new = _versions(before), _versions(after)
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return tuple(
        Change(what=what, name=name, before=old.get((what, name)), after=new.get((what, name))) for what, name in keys
    )


def is_release_id(text: str) -> bool:
    """Whether a text is a CalVer release id."""
    return re.match(RELEASE_PATTERN, text) is not None
