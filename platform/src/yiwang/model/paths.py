"""Where things lie on a machine that runs sites as processes: pure arithmetic on paths, nothing is touched here.

A unix socket's path may have 107 bytes, a workspace may lie arbitrarily deep, so sockets get a short folder of their
own. Everything else lies below one state folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class InstallationPaths:
    """What a site and control have in common on disk. 安装目录。"""

    root: Path
    runtime: Path
    """Short folder for sockets; its content never survives a restart and need not."""
    engines: Path
    """Engines, read-only, shared by control and the sites of one state folder."""

    @property
    def supervisor(self) -> Path:
        """Return the folder of the supervisor: process table, lock, socket address."""
        return self.root / "supervisor"

    @property
    def pg(self) -> Path:
        """Return PostgreSQL's data folder."""
        return self.root / "pg"

    @property
    def secrets(self) -> Path:
        """Return the folder of secrets made here, which never leave it."""
        return self.root / "secrets"

    @property
    def log(self) -> Path:
        """Return the folder of log files."""
        return self.root / "log"

    def secret(self, name: str) -> Path:
        """Return the file of one secret."""
        return self.secrets / name

    def engine(self, folder: str) -> Path:
        """Return an engine's folder, e.g. of ``postgres-18.4``."""
        return self.engines / folder


@dataclass(frozen=True)
class SitePaths(InstallationPaths):
    """One site's folders. 站点目录。"""

    @property
    def agent(self) -> Path:
        """Return the agent's folder: environment, settings, pinned root, journal."""
        return self.root / "agent"

    @property
    def hub(self) -> Path:
        """Return the folder that holds one folder a release."""
        return self.root / "hub"

    @property
    def nats(self) -> Path:
        """Return the folder of the message server's configuration."""
        return self.root / "nats"

    @property
    def attachments(self) -> Path:
        """Return the folder of attachments."""
        return self.root / "attachments"

    @property
    def identity(self) -> Path:
        """Return the folder of the site's key, statement and incarnation."""
        return self.root / "identity"

    def release(self, release: str) -> Path:
        """Return the folder of one installed release."""
        return self.hub / release

    def venv(self, release: str) -> Path:
        """Return the read-only virtual environment of one release."""
        return self.release(release) / "venv"

    def boot(self, release: str) -> Path:
        """Return the script that hashes a release before importing any of it."""
        return self.release(release) / "boot.py"

    def boot_report(self, release: str) -> Path:
        """Return the file in which the hub process writes what it hashed at its start."""
        return self.release(release) / "boot-report.json"

    def pack(self, release: str) -> Path:
        """Return the signed site pack rendered for one release."""
        return self.release(release) / "pack"

    def nats_credentials(self, neighbour: str) -> Path:
        """Return the hub's credentials for the account of one parent-child edge."""
        return self.secret(f"nats-{neighbour}.creds")


@dataclass(frozen=True)
class ControlPaths(InstallationPaths):
    """The control plane's folders. 管控目录。"""

    @property
    def repository(self) -> Path:
        """Return the TUF repository that sites fetch from."""
        return self.root / "repository"


@dataclass(frozen=True)
class StatePaths:
    """Everything that a workspace keeps on this machine. 状态目录。"""

    root: Path
    runtime: Path

    @property
    def engines(self) -> Path:
        """Return the folder of engines."""
        return self.root / "engines"

    @property
    def sites(self) -> Path:
        """Return the folder that holds one folder a site."""
        return self.root / "sites"

    @property
    def addresses(self) -> Path:
        """Return the file that says which site has which loopback address."""
        return self.root / "addresses.json"

    def site(self, site_id: str) -> SitePaths:
        """Return one site's folders."""
        return SitePaths(root=self.sites / site_id, runtime=self.runtime / site_id, engines=self.engines)

    def control(self) -> ControlPaths:
        """Return control's folders."""
        return ControlPaths(root=self.root / "control", runtime=self.runtime / "control", engines=self.engines)

    def monitoring(self) -> InstallationPaths:
        """Return the folders of Prometheus and Alertmanager."""
        return InstallationPaths(
            root=self.root / "monitoring", runtime=self.runtime / "monitoring", engines=self.engines
        )
