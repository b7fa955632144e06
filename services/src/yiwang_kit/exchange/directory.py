"""Whose key is whose: this site's own key and the verified statements of the sites it hears from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from yiwang_kit.crypto import HybridPrivateKey, HybridPublicKey

FIRST_INCARNATION = 1


@dataclass(frozen=True)
class Identity:
    """This site's key and incarnation. 本站点身份。"""

    site: str
    incarnation: int
    key: HybridPrivateKey


class KeyDirectory(Protocol):
    """Tells the key that a site signs with in an incarnation. 公钥目录。"""

    def identity(self) -> Identity:
        """Return who this site is."""

    def public_key(self, site: str, incarnation: int) -> HybridPublicKey | None:
        """Return the key, or None where no verified statement names it."""

    def newest(self, site: str) -> int | None:
        """Return the newest incarnation of a site that a verified statement names."""


class FileDirectory:
    """The directory that the agent keeps under ``identity/``: it writes only statements that it verified. 文件目录。"""

    def __init__(self, folder: Path, site: str) -> None:
        self._folder = folder
        self._site = site
        self._known: dict[str, tuple[int, dict[int, HybridPublicKey]]] = {}

    def identity(self) -> Identity:
        """Read the site's own key and incarnation."""
        key = HybridPrivateKey.from_json(json.loads((self._folder / "site.key.json").read_text(encoding="utf-8")))
        incarnation = int((self._folder / "incarnation").read_text(encoding="utf-8").strip())
        return Identity(self._site, incarnation, key)

    def public_key(self, site: str, incarnation: int) -> HybridPublicKey | None:
        """Return the key of a site's incarnation; the file is read again when it changed."""
        return self._keys(site).get(incarnation)

    def newest(self, site: str) -> int | None:
        """Return the newest incarnation with a statement."""
        return max(self._keys(site), default=None)

    def _keys(self, site: str) -> dict[int, HybridPublicKey]:
        path = self._folder / "peers" / f"{site}.json"
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return {}
        if self._known.get(site, (0, {}))[0] != changed:
            self._known[site] = (changed, read_statements(json.loads(path.read_text(encoding="utf-8")), site))
        return self._known[site][1]


def read_statements(content: Any, site: str) -> dict[int, HybridPublicKey]:
    """Return keys by incarnation from one statement or a list of them, each about this site."""
    found: dict[int, HybridPublicKey] = {}
    for item in content if isinstance(content, list) else [content]:
        statement: Mapping[str, Any] = item.get("statement", item)
        if statement.get("site") == site:
            found[int(statement["incarnation"])] = HybridPublicKey.from_json(statement["keys"])
    return found


class MemoryDirectory:
    """A directory in memory, for tests and for tools that bring their own keys. 内存目录。"""

    def __init__(self, identity: Identity, keys: dict[tuple[str, int], HybridPublicKey]) -> None:
        self._identity = identity
        self._keys = keys

    def identity(self) -> Identity:
        """Return who this site is."""
        return self._identity

    def public_key(self, site: str, incarnation: int) -> HybridPublicKey | None:
        """Return a key that was put in."""
        return self._keys.get((site, incarnation))

    def newest(self, site: str) -> int | None:
        """Return the newest incarnation that was put in."""
        return max((incarnation for name, incarnation in self._keys if name == site), default=None)
