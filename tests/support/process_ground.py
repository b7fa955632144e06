"""A site of real processes for tests: PostgreSQL, NATS and a tiny hub, in a folder with a hard name."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.engines import traversable_folder
from support.tiny_release import Shelf
from yiwang.adapters import addresses
from yiwang.adapters.processes import database_user
from yiwang.definition import distribution
from yiwang.emit.context import SiteContext
from yiwang.emit.site_pack import site_pack
from yiwang.model.paths import StatePaths
from yiwang.model.site import SiteTree
from yiwang.model.substrate import Phase
from yiwang.operate.validate import reference_tree
from yiwang.substrates.contract import DesiredState
from yiwang.substrates.process import ProcessSite

SITE = "440000"


@dataclass
class ProcessGround:
    """One site, the shelf it fetches from, and how to get a desired state for it."""

    substrate: ProcessSite
    shelf: Shelf
    state: StatePaths
    tree: SiteTree
    addresses: Mapping[str, str]

    def desired(self, release: str, *, ill: bool = False) -> DesiredState:
        """Return the state of running a release."""
        folder = self.shelf.folder / release
        manifest = self.shelf.fetch(release, folder) if folder.is_dir() else self.shelf.make(release, healthy=not ill)
        context = SiteContext(release=release, demo=True, tree=self.tree, paths=self.state.site(SITE),
                              addresses=self.addresses, database_system_user=database_user())  # fmt: skip
        return DesiredState(release, manifest.digest(), site_pack(distribution(), self.tree[SITE], context))

    def carry(self, desired: DesiredState) -> dict[Phase, bool]:
        """Run every phase; return which ones changed something."""
        return {phase: self.substrate.run(desired, phase).changed for phase in Phase}

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return what the supervisor says, by name."""
        return {p["name"]: p for p in self.substrate.supervisor.ask("status")["processes"]}


@contextmanager
def process_ground(shelf: Shelf) -> Iterator[ProcessGround]:
    """Make a site of real processes, and leave nothing of it behind."""
    runtime = Path(tempfile.mkdtemp(prefix="ywr-", dir="/tmp"))
    runtime.chmod(0o755)
    with traversable_folder() as home:
        state, policy = StatePaths(root=home / "state", runtime=runtime), distribution().addresses
        given = addresses.allocate(state.addresses, [SITE], network=policy.network, first=policy.first)
        site = ProcessSite(
            site=SITE, paths=state.site(SITE), source=shelf, python=sys.executable, database_user=database_user()
        )
        try:
            yield ProcessGround(site, shelf, state, SiteTree((reference_tree()[SITE],)), given)
        finally:
            if site.supervisor.running():
                site.supervisor.stop()
            shutil.rmtree(runtime)
