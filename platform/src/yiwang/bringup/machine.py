"""One workspace's installations on this machine: where they are, and how to reach them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yiwang.adapters import addresses
from yiwang.adapters.postgres import socket_folder
from yiwang.adapters.processes import database_user
from yiwang.agent.bootstrap import Bootstrap
from yiwang.control.installation import Installation
from yiwang.definition import distribution
from yiwang.errors import NotReady
from yiwang.model.paths import InstallationPaths
from yiwang.model.release import Manifest
from yiwang.model.site import Mode, Site, SiteTree
from yiwang.operate.fleet import CONTROL
from yiwang.operate.trust import CA_FILE
from yiwang.operate.workspace import Workspace
from yiwang.substrates.process import ProcessSite

SUBSTRATE = "process"
AGENT_LOCK = "agent"


@dataclass(frozen=True)
class Machine:
    """Control and the sites of one workspace that run here as processes. 本机部署。"""

    workspace: Workspace

    @property
    def control(self) -> Installation:
        """Return control's installation."""
        return Installation(self.workspace)

    def sites(self) -> tuple[Site, ...]:
        """Return the sites that run here, parents first."""
        tree: SiteTree = self.workspace.load_tree()
        return tuple(site for site in tree if site.mode is Mode.DEPLOYED and site.substrate == SUBSTRATE)

    def addresses(self) -> dict[str, str]:
        """Return every installation's loopback address, allocating what is new."""
        policy = distribution().addresses
        names = [CONTROL, *(site.id for site in self.sites())]
        return addresses.allocate(self.workspace.state.addresses, names, network=policy.network, first=policy.first)

    def hub_url(self, site: str) -> str:
        """Return where a site's console opens."""
        return f"http://{self.addresses()[site]}:{distribution().port('hub')}"

    def site(self, site: str, python: str = "") -> ProcessSite:
        """Return a site as its substrate sees it; it can look and run commands, but not fetch."""
        return ProcessSite(
            site=site, paths=self.workspace.site(site), source=NoSource(), python=python, database_user=database_user()
        )

    def bootstrap(self, site: str, python: str, root: bytes) -> Bootstrap:
        """Return what a new site is given."""
        authority = (self.workspace.trust / CA_FILE).read_text(encoding="ascii")
        return Bootstrap(
            site=site, paths=self.workspace.site(site), python=python, control_url=self.control.url,
            hub_url=self.hub_url(site), root=root, authority=authority, profile=self.workspace.profile.value,
            database_system_user=database_user(),
        )  # fmt: skip

    def prepare_runtime(self) -> None:
        """Make the folders for sockets, which a restart of the machine takes away."""
        for paths in (self.workspace.control(), *(self.workspace.site(site.id) for site in self.sites())):
            runtime_folder(paths)

    def python(self) -> str:
        """Return the interpreter of the agents of control's release. Raises NotReady before the first `up`."""
        control = Path(self._control_python())
        own = control.parents[1].with_name(control.parents[1].name.replace(CONTROL, AGENT_LOCK, 1)) / "bin" / "python"
        return str(own if own.is_file() else control)

    def _control_python(self) -> str:
        table = self.control.supervisor.table
        try:
            processes = json.loads(table.read_text(encoding="utf-8"))["processes"]
        except FileNotFoundError:
            raise NotReady(what="管控尚未启动过 / control was never started here", next="yiwang up") from None
        return str(next(process["argv"][0] for process in processes if process["name"] == CONTROL))


class NoSource:
    """A release source for looking only. 无发布来源。"""

    def fetch(self, release: str, target: Path) -> Manifest:
        """Refuse: only the site's agent fetches."""
        raise NotReady(
            what=f"{release} → {target}: 只有站点代理可以安装 / only the site's agent installs", next="yiwang status"
        )


def runtime_folder(paths: InstallationPaths) -> None:
    """Make one installation's socket folder, writable for its database."""
    socket_folder(paths.runtime, database_user())


def running(states: Mapping[str, str]) -> bool:
    """Return whether every process of an installation is ready."""
    return bool(states) and all(state == "ready" for state in states.values())
