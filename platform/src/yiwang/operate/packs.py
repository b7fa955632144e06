"""Renders one site's pack from plain data: control asks the release's own wheel this, in a process of its own.

What goes in and comes out is JSON, because the two ends may be different releases.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yiwang.definition import distribution
from yiwang.definition.divisions import divisions
from yiwang.definition.tree import load_tree
from yiwang.emit.context import SiteContext
from yiwang.emit.site_pack import site_pack
from yiwang.errors import NotReady
from yiwang.model.paths import StatePaths


def render_packs(asked: dict[str, Any]) -> dict[str, str]:
    """Return the files of a site's pack."""
    tree = load_tree(Path(asked["tree"]), distribution(), divisions())
    site = tree[asked["site"]]
    addresses = dict(asked["addresses"])
    missing = [name for name in (site.id, site.parent) if name is not None and name not in addresses]
    if missing:
        raise NotReady(what=f"没有地址 / no address was given to {', '.join(missing)}", next="yiwang up")
    state = StatePaths(root=Path(asked["state"]), runtime=Path(asked["runtime"]))
    context = SiteContext(
        release=asked["release"], demo=asked["demo"], tree=tree, paths=state.site(site.id), addresses=addresses,
        fleet_url=asked["fleet_url"], database_system_user=asked["database_system_user"],
    )  # fmt: skip
    return dict(site_pack(distribution(), site, context))
