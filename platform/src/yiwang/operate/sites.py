"""Site files as a use case: list them, write a new one, take one out of the tree.

Taking a site out of the tree destroys nothing that runs; that is `yiwang site remove`, which asks for the code typed.
"""

from __future__ import annotations

import json
from pathlib import Path

from yiwang.adapters.files import naming
from yiwang.definition import distribution
from yiwang.definition.divisions import Division, divisions
from yiwang.definition.tree import SUFFIX, load_tree
from yiwang.errors import DefinitionError, Refused
from yiwang.model.site import Instance, Site, SiteTree
from yiwang.operate.validate import validate
from yiwang.operate.writing import Change, ChangeKind, write


def select(tree: SiteTree, *, under: str | None = None, tier: str | None = None) -> tuple[Site, ...]:
    """Return the sites of a subtree and tier, parents first. Raises Refused for a site that isn't there."""
    if under is not None and under not in tree:
        raise Refused(rule=f"没有站点 {under} / there is no site {under}", who="", next="yiwang site list")
    sites = tuple(tree) if under is None else tree.subtree(under)
    return tuple(site for site in sites if tier is None or site.tier == tier)


def new_site(folder: Path, code: str, *, instance: Instance = Instance.MAIN, parent: str | None = None) -> Path:
    """Write the file of a new site with what its division says. Raises Refused or DefinitionError, leaving no file."""
    division = divisions().get(code)
    site_id = code if instance is Instance.MAIN else f"{code}-{instance}"
    path = folder / f"{site_id}{SUFFIX}"
    if division is None:
        raise DefinitionError(
            path, None, "现行区划代码 / a division code in force", f"yiwang explain division {code[:4]}",
            key="code",
            found=f"{code}: 区划包中没有 / not in the division pack",
        )  # fmt: skip
    if path.exists():
        raise Refused(rule=f"站点已存在 / the site exists: {path}", who="", next=f"yiwang explain site {site_id}")
    parent = parent or _parent_of(folder, division, instance)
    write(folder, {path.name: site_text(division, instance, parent)}, (Change(path.name, ChangeKind.NEW),))
    _keep_if_valid(folder, path)
    return path


def site_text(division: Division, instance: Instance, parent: str | None) -> str:
    """Return a site file with the keys that differ between sites; every other key has its default."""
    lines = [f'code: "{division.code}"', f"name: {_plain(division.name)}", f"tier: {division.tier}"]
    lines += [f'parent: "{parent}"'] if parent else []
    lines += [f"instance: {instance}"] if instance is not Instance.MAIN else []
    lines += ["substrate: process", "cloud: local", "channel: stable", 'windows: ["Mon-Fri 22:00-06:00"]']
    return "\n".join(lines) + "\n"


def _plain(name: str) -> str:
    """Return a name as YAML text: quoted only when YAML would read it as something else."""
    return name if name.replace("·", "").isalpha() else json.dumps(name, ensure_ascii=False)


def _parent_of(folder: Path, division: Division, instance: Instance) -> str | None:
    """Return the nearest site above that the tree has; a rehearsal hangs under a rehearsal or under nothing."""
    tree = load_tree(folder, distribution(), divisions()) if any(folder.glob(f"*{SUFFIX}")) else SiteTree(())
    above = division.parent
    while above is not None:
        found = [site.id for site in tree if site.code == above and site.instance == instance]
        if found:
            return found[0]
        above = divisions()[above].parent if above in divisions() else None
    return None


def _keep_if_valid(folder: Path, path: Path) -> None:
    """Take a file back when the tree is not valid with it."""
    problems = [problem for problem in validate(folder).problems if problem.path == str(path)]
    if problems:
        path.unlink()
        raise problems[0]


def remove_from_tree(folder: Path, site_id: str, *, confirmed: str | None) -> Path:
    """Delete a site's file. Raises Refused unless its id was typed and nothing hangs under it."""
    tree = load_tree(folder, distribution(), divisions())
    below = tree.subtree(site_id)[1:] if site_id in tree else ()
    if site_id not in tree:
        raise Refused(rule=f"没有站点 {site_id} / there is no site {site_id}", who="", next="yiwang site list")
    if below:
        raise Refused(
            rule=f"{site_id} 之下还有 {len(below)} 个站点 / {len(below)} sites hang under it: {below[0].id}…",
            who="树的维护者 / whoever keeps the tree", next=f"yiwang site list --under {site_id}",
        )  # fmt: skip
    if confirmed != site_id:
        raise Refused(
            rule="须输入站点标识以确认 / the site's id must be typed to confirm", who="树的维护者 / whoever keeps the tree",
            next=f"yiwang site remove-from-tree {site_id} --confirm {site_id}",
        )  # fmt: skip
    path = folder / f"{site_id}{SUFFIX}"
    with naming(path):
        path.unlink()
    return path
