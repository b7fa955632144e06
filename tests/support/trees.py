"""Small trees and divisions for tests that need a definition but not the whole of Guangdong."""

from __future__ import annotations

from pathlib import Path

from yiwang.definition.divisions import Division
from yiwang.emit.context import SiteContext
from yiwang.model.paths import StatePaths
from yiwang.model.site import SiteTree

ROWS = (
    ("440000", "广东省", None, "province"),
    ("441700", "阳江市", "440000", "city"),
    ("441704", "阳东区", "441700", "county"),
    ("441721", "阳西县", "441700", "county"),
    ("441722", "样例县", "441700", "county"),
    ("441800", "清远市", "440000", "city"),
    ("441900", "东莞市", "440000", "city"),
    ("441900401", "松山湖", "441900", "town"),
)
DIVISIONS = {code: Division(code, name, parent, tier) for code, name, parent, tier in ROWS}

PROVINCE = 'code: "440000"\nname: 广东省\ntier: province\n'
CITY = 'code: "441700"\nname: 阳江市\ntier: city\nparent: "440000"\n'
OTHER_CITY = 'code: "441900"\nname: 东莞市\ntier: city\nparent: "440000"\n'
COUNTY = 'code: "441721"\nname: 阳西县\ntier: county\nparent: "441700"\n'
FILES = {"440000.yaml": PROVINCE, "441700.yaml": CITY, "441721.yaml": COUNTY, "441900.yaml": OTHER_CITY}


def write_tree(folder: Path, **changed: str) -> Path:
    """Write the small tree; a keyword `_441721` replaces the file of that site."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (FILES | {f"{key.strip('_')}.yaml": text for key, text in changed.items()}).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def context(tree: SiteTree, site: str, *, release: str = "2026.11.0") -> SiteContext:
    """Return what an emitter is told, with addresses in the order of the tree and paths that exist nowhere."""
    addresses = {other.id: f"127.64.{number // 250}.{number % 250 + 2}" for number, other in enumerate(tree)}
    paths = StatePaths(root=Path("/state"), runtime=Path("/run/yw")).site(site)
    return SiteContext(release=release, demo=True, tree=tree, paths=paths, addresses=addresses)
