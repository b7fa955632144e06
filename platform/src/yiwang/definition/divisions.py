"""The administrative divisions that a site may stand for, read from the content pack of the release.

The pack is the same rows that the hub loads, so the tree of sites and the divisions people see in the console can not
drift apart. It is found beside the checkout or inside the installed wheel.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from yiwang.definition.content import DIVISIONS

CHECKOUT = Path(__file__).resolve().parents[4]
TABLE = "divisions.tsv"


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
    table = root / DIVISIONS.folder / TABLE if root else None
    return {row.code: row for row in _rows(table)} if table and table.is_file() else {}


def _rows(path: Path) -> Iterator[Division]:
    """Yield the rows of the pack's table, in its order; villages have a table of their own, no site stands for one."""
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield Division(row["code"], row["name"], row["parent"] or None, row["tier"])
