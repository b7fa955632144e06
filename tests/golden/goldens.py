"""What the goldens hold: the emitted pack of one site a tier, with paths and addresses that exist nowhere."""

from __future__ import annotations

from pathlib import Path

from yiwang.definition import distribution
from yiwang.emit.context import SiteContext
from yiwang.emit.site_pack import site_pack
from yiwang.model.paths import StatePaths
from yiwang.operate.validate import reference_tree

FOLDER = Path(__file__).parent / "sites"
RELEASE = "2026.11.0"
STATE = StatePaths(root=Path("/state"), runtime=Path("/run/yw"))


def emitted() -> dict[str, str]:
    """Return every golden as it should be, by its path below the folder."""
    definition, tree = distribution(), reference_tree()
    addresses = {site.id: f"127.64.{index // 250}.{index % 250 + 2}" for index, site in enumerate(tree)}
    files = {}
    for tier in definition.tiers:
        site = tree[tier.example]
        context = SiteContext(release=RELEASE, demo=True, tree=tree, paths=STATE.site(site.id), addresses=addresses)
        files |= {f"{site.id}/{name}": text for name, text in site_pack(definition, site, context).items()}
    return files


def committed(folder: Path = FOLDER) -> dict[str, str]:
    """Return every golden as it is committed."""
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in sorted(folder.glob("*/*.json"))}
