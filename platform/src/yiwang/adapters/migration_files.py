"""Reads the migrations of a source tree without importing them: each package's chain, and where it ends."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import PurePosixPath

from yiwang.errors import DefinitionError

SOURCES = "services/src"
BUILD_AGAIN = "then: yiwang release build"


def unreadable(path: object, error: object, *, line: int = 1) -> DefinitionError:
    """Return the refusal of a source file that cannot be read as what it is."""
    return DefinitionError(path=str(path), line=line, expectation=f"{error}", next=f"edit {path}, {BUILD_AGAIN}")


@dataclass(frozen=True)
class Chain:
    """A package's migrations. 迁移链。"""

    package: str
    folder: str
    revisions: dict[str, str | None]

    def head(self) -> str:
        """Return the one revision that no other follows."""
        heads = sorted(self.revisions.keys() - {down for down in self.revisions.values() if down})
        if len(heads) != 1:
            found = ", ".join(heads) or "none"
            raise unreadable(self.folder, f"one head by down_revision, found {found}")
        return heads[0]

    def next_number(self) -> str:
        """Return the number of the migration that would follow the head."""
        digits = self.head().partition("_")[0]
        return f"{int(digits) + 1:0{len(digits)}d}"


def schema_of(package: str) -> str:
    """Return the schema that a package's migrations make: the last word of its name, without the product's prefix."""
    return package.rpartition(".")[2].removeprefix("yiwang_")


def chains(files: dict[str, bytes]) -> dict[str, Chain]:
    """Return every migrated package's chain, by package."""
    found: dict[str, Chain] = {}
    for path, data in files.items():
        folder = _migrations_folder(PurePosixPath(path))
        if folder is None:
            continue
        module = _parse(path, data)
        revision = _assigned(module, "revision")
        if revision:
            package = ".".join(folder.relative_to(SOURCES).parent.parts)
            chain = found.setdefault(package, Chain(package, str(PurePosixPath(path).parent), {}))
            chain.revisions[revision] = _assigned(module, "down_revision")
    return dict(sorted(found.items()))


def _migrations_folder(path: PurePosixPath) -> PurePosixPath | None:
    """Return the ``migrations`` folder that a revision lies in, directly or below ``versions``."""
    folder = path.parent.parent if path.parent.name == "versions" else path.parent
    ours = path.suffix == ".py" and folder.name == "migrations" and path.is_relative_to(SOURCES)
    return folder if ours else None


def _parse(path: str, data: bytes) -> ast.Module:
    """Parse a source file, refusing a broken one with its line."""
    try:
        return ast.parse(data, filename=path)
    except SyntaxError as error:
        raise unreadable(path, error.msg, line=error.lineno or 1) from error


def _assigned(module: ast.Module, name: str) -> str | None:
    """Return a module-level text constant."""
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        value = getattr(node, "value", None)
        if any(isinstance(item, ast.Name) and item.id == name for item in targets) and isinstance(value, ast.Constant):
            return value.value if isinstance(value.value, str) else None
    return None
