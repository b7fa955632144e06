"""The administrative divisions that a site may stand for, read from the content pack of the release.

The pack is the same rows that the hub loads, so the tree of sites and the divisions people see in the console can not
drift apart. It is found beside the checkout or inside the installed wheel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from yiwang.definition.content import DIVISIONS

CHECKOUT = Path(__file__).resolve().parents[4]
HEADER = ("code", "name", "parent", "tier")


@dataclass(frozen=True)
class Division:
    """An administrative division. 行政区划。"""

    code: str
    name: str
    parent: str | None
    tier: str


def data_folder(name: str, checkout: str) -> Path | None:
    """Return a data folder of ours: in the checkout when this is one, else inside the installed wheel."""
    if (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / checkout).is_dir():
        return CHECKOUT / checkout
    spec = find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


@cache
def divisions() -> dict[str, Division]:
    """Return the divisions down to towns by code; empty when the pack is not installed here."""
    root = data_folder("yiwang_content", "services/content")
    found = {} if root is None else {row.code: row for path in _files(root) for row in _rows(path)}
    return {code: found[code] for code in sorted(found)}


def _files(root: Path) -> list[Path]:
    """Return the tables of the pack."""
    return sorted((root / DIVISIONS.folder).glob("*.tsv"))


def _rows(path: Path) -> Iterator[Division]:
    """Yield the rows of a table that are no villages: no site stands for a village."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            if len(cells) >= len(HEADER) and cells[0].isdigit() and cells[3] != "village":
                yield Division(cells[0], cells[1], cells[2] or None, cells[3])
