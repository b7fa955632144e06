"""Judges a tree of site files and says how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yiwang.definition import distribution
from yiwang.definition.divisions import data_folder, divisions
from yiwang.definition.tree import load_tree, read_tree
from yiwang.errors import DefinitionError, NotReady
from yiwang.model.site import SiteTree


@dataclass(frozen=True)
class Validation:
    """What a tree says, and everything that is wrong with it. 校验结果。"""

    folder: Path
    sites: int
    tiers: dict[str, int]
    divisions_checked: bool
    problems: tuple[DefinitionError, ...]


def validate(folder: Path) -> Validation:
    """Return the judgement over a folder of site files. Raises DefinitionError when there is no such folder."""
    known = divisions()
    tree, problems = read_tree(folder, distribution(), known)
    return Validation(folder, len(tree), count_tiers(tree), bool(known), problems)


def count_tiers(tree: SiteTree) -> dict[str, int]:
    """Return how many sites there are of each tier, in the order of the tiers."""
    counts = {tier.name: sum(site.tier == tier.name for site in tree) for tier in distribution().tiers}
    return {name: count for name, count in counts.items() if count}


def reference_folder() -> Path:
    """Return the folder of the reference tree. Raises NotReady when the installation has none."""
    folder = data_folder("yiwang_sites", "platform/sites")
    if folder is None:
        raise NotReady(
            what="安装中没有参考站点树 / this installation carries no reference tree", next="yiwang release verify"
        )
    return folder


def reference_tree() -> SiteTree:
    """Return the reference tree. Raises DefinitionError when it is not valid."""
    return load_tree(reference_folder(), distribution(), divisions())
