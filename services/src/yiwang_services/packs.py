"""Where content packs lie: in the wheel as `yiwang_content`, in a checkout beside the sources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "yiwang_content"
CHECKOUT = Path(__file__).resolve().parents[2] / "content"


class PackMissing(Exception):
    """A content pack that is not installed here; the release that named it is broken. 内容包缺失。"""


@dataclass(frozen=True)
class Pack:
    """A dated, licensed folder of data that never changes. 内容包。"""

    folder: Path
    version: str

    @property
    def id(self) -> str:
        """Return what rows of this pack are marked with: `pack@version`."""
        return f"{self.folder.name}@{self.version}"

    def json(self, name: str) -> Any:
        """Return a JSON file of the pack."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def table(self, name: str) -> list[list[str]]:
        """Return the rows of a tab-separated file without its heading."""
        lines = (self.folder / name).read_text(encoding="utf-8").splitlines()
        return [line.split("\t") for line in lines[1:]]


@cache
def pack(folder: str) -> Pack:
    """Return an installed pack. Raises PackMissing."""
    for root in roots():
        described = root / folder / "pack.json"
        if described.is_file():
            return Pack(root / folder, json.loads(described.read_text(encoding="utf-8"))["version"])
    raise PackMissing(f"{folder} 未随版本安装 / is not installed. Next: yiwang consistency")


def roots() -> list[Path]:
    """Return the folders that may hold packs, the installed one first."""
    spec = find_spec(PACKAGE)
    return [*(Path(place) for place in (spec.submodule_search_locations or () if spec else ())), CHECKOUT]
