"""The part of the division tree that a site keeps: its ancestors, itself and everything below, with the closure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yiwang_services.packs import Pack

TOWN_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative division. 行政区划。"""

    code: str
    name: str
    parent: str | None
    tier: str


def read(pack: Pack) -> dict[str, Division]:
    """Return every division of a pack by its code."""
    rows = [Division(code, name, parent or None, tier) for code, name, parent, tier in pack.table("divisions.tsv")]
    rows += [Division(code, name, code[:TOWN_DIGITS], "village") for code, name in pack.table("villages.tsv")]
    return {row.code: row for row in rows}


def ancestors(divisions: Mapping[str, Division], code: str) -> list[str]:
    """Return the codes from the top down to `code` itself."""
    path: list[str] = []
    current: str | None = code
    while current is not None and current in divisions:
        path.insert(0, current)
        current = divisions[current].parent
    return path


def kept_at(divisions: Mapping[str, Division], site: str) -> dict[str, Division]:
    """Return what a site with this division code keeps: the way up, and everything at or below it."""
    above = set(ancestors(divisions, site))
    inside = {site}
    # A parent's code is shorter than its child's, or equally long and smaller (441700 < 441721): one pass is enough.
    for row in sorted(divisions.values(), key=lambda row: (len(row.code), row.code)):
        if row.parent in inside:
            inside.add(row.code)
    return {code: divisions[code] for code in sorted(above | inside) if code in divisions}


def closure(divisions: Mapping[str, Division]) -> Iterator[tuple[str, str, int]]:
    """Yield (ancestor, descendant, depth) for every pair of kept divisions, itself at depth 0."""
    for code in divisions:
        current: str | None = code
        depth = 0
        while current is not None and current in divisions:
            yield current, code, depth
            current, depth = divisions[current].parent, depth + 1
