"""Control's ports where the operator's workspace lies on the same machine, as on a laptop and in a small county."""

from __future__ import annotations

import json
import shutil
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from yiwang.adapters import signing
from yiwang.adapters.repository import Repository
from yiwang.control.ports import Ports
from yiwang.control.settings import ControlSettings
from yiwang.definition import distribution
from yiwang.definition.divisions import divisions
from yiwang.definition.tree import load_tree
from yiwang.model.command import Command, SignedCommand, pack_bytes, pack_digest, pack_target
from yiwang.model.paths import StatePaths
from yiwang.model.release import Manifest
from yiwang.model.site import SiteTree
from yiwang.model.trust import Enrolment, EnrolmentRequest, HybridPublic, Revocations, SigningContext, TrustRole
from yiwang.operate.trust import Trust, open_trust, publish_release, revocations, revoke
from yiwang.operate.workspace import Workspace, open_workspace

REVOKED_SECONDS = 5.0


@dataclass
class WorkspaceTree:
    """The site tree of the workspace, read again when a file of it changed. 工作区站点树。"""

    folder: Path
    addresses: Path
    _stamp: tuple[Any, ...] = ()
    _tree: SiteTree | None = None

    def load(self) -> SiteTree:
        """Return the tree as its files are now."""
        stamp = tuple(sorted((entry.name, entry.stat().st_mtime_ns) for entry in self.folder.glob("*.yaml")))
        if self._tree is None or stamp != self._stamp:
            self._tree, self._stamp = load_tree(self.folder, distribution(), divisions()), stamp
        return self._tree

    def loopback(self) -> dict[str, str]:
        """Return the loopback addresses given out on this machine, by site."""
        try:
            known = json.loads(self.addresses.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return {name: address for name, address in known.items() if isinstance(address, str)}

    def address(self, site: str) -> str | None:
        """Return where people open a site that runs on this machine."""
        address = self.loopback().get(site)
        return f"http://{address}:{distribution().port('hub')}" if address else None


@dataclass
class WorkspaceTrust:
    """The workspace's trust with the online keys that control may use. 工作区信任库。"""

    trust: Trust
    now: Callable[[], datetime]
    addresses: Callable[[str], str | None] = lambda _: None
    """Where a site's message server waits for its children."""
    _revoked: tuple[float, Revocations] = (float("-inf"), Revocations())

    @property
    def _repository(self) -> Repository:
        return self.trust.repository

    def publish_release(self, folder: Path) -> Manifest:
        """Publish a release folder that is whole."""
        return publish_release(self.trust, folder)[0]

    def publish_packs(self, packs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Publish packs below the control role; the present ones of other releases stay."""
        digests = {site: pack_digest(files) for site, files in packs.items()}
        targets: dict[str, bytes | Path] = {
            pack_target(site, digests[site]): pack_bytes(files) for site, files in packs.items()
        }
        if targets:
            self._repository.publish(TrustRole.CONTROL, targets)
        return digests

    def sign_command(self, command: Command) -> SignedCommand:
        """Sign a command with the control role's key."""
        key = self._repository.keyring.signer(TrustRole.CONTROL).private
        return SignedCommand(
            command=command, signature=signing.sign(key, command.canonical_bytes(), SigningContext.COMMAND)
        )

    def issue(self, request: EnrolmentRequest, serial: int) -> Enrolment:
        """Answer a checked request with the identity role's key."""
        identity, address = self._repository.keyring.signer(TrustRole.IDENTITY), self.addresses(request.site)
        return signing.issue(
            request, identity, self.trust.authority, serial=serial, now=self.now(), demo=self.trust.demo,
            addresses=(address,) if address else (),
        )  # fmt: skip

    def revocations(self) -> Revocations:
        """Return what is revoked, as it was published a few seconds ago at most."""
        read, known = self._revoked
        if time.monotonic() - read >= REVOKED_SECONDS:
            known = revocations(self.trust)
            self._revoked = (time.monotonic(), known)
        return known

    def revoke(self, serial: int) -> None:
        """Publish that a statement, and the certificate with its serial, are believed no more."""
        self._revoked = (time.monotonic(), revoke(self.trust, serials=(serial,)))

    def fence(self, site: str, incarnation: int) -> None:
        """Publish that this incarnation of a site and all before it are believed no more."""
        self._revoked = (time.monotonic(), revoke(self.trust, fence={site: incarnation}))

    def refresh(self) -> bool:
        """Renew what would expire soon."""
        return self._repository.refresh()

    def identity(self) -> HybridPublic:
        """Return the identity role's public key."""
        return self.trust.identity()


RENDER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from yiwang.operate.packs import render_packs
json.dump(render_packs(json.load(sys.stdin)), sys.stdout, ensure_ascii=False)
"""


@dataclass
class WheelPacks:
    """Renders packs with the release's own emitter: its wheel is asked, in a process of its own. 配置包渲染。"""

    state: StatePaths
    tree: WorkspaceTree
    wheel: Callable[[str], Path]
    """Return the published wheel of a release."""
    fleet_url: str
    demo: bool
    run: Callable[[list[str], str], str]
    database_system_user: str | None = None
    python: str = field(default=sys.executable)

    def render(self, site: str, release: str) -> Mapping[str, str]:
        """Return a site's pack for a release."""
        asked = json.dumps(self._inputs(site, release), ensure_ascii=False)
        code = unpacked(self.wheel(release), self.state.control().root / "code" / release)
        answer = self.run([self.python, "-I", "-B", "-c", RENDER, str(code)], asked)
        files: dict[str, str] = json.loads(answer)
        return files

    def _inputs(self, site: str, release: str) -> dict[str, Any]:
        return {
            "site": site, "release": release, "demo": self.demo, "tree": str(self.tree.folder),
            "state": str(self.state.root), "runtime": str(self.state.runtime), "addresses": self.tree.loopback(),
            "fleet_url": self.fleet_url, "database_system_user": self.database_system_user,
        }  # fmt: skip


def unpacked(wheel: Path, folder: Path) -> Path:
    """Return a wheel's content as a folder, because its data files are read by path; unpacked once a digest."""
    marker = folder / wheel.name
    if not marker.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)  # a wheel of ours, below the repository that control signs
        marker.touch()
    return folder


def workspace_of(settings: ControlSettings) -> Workspace:
    """Return the workspace that control serves, with its state where the settings say."""
    environment = {"YIWANG_STATE": str(settings.state), "YIWANG_RUNTIME": str(settings.runtime.parent)}
    return open_workspace(settings.workspace, environment)


def ports(settings: ControlSettings, now: Callable[[], datetime], run: Callable[[list[str], str], str]) -> Ports:
    """Return control's ports over a workspace on this machine."""
    workspace = workspace_of(settings)
    state = StatePaths(root=settings.state, runtime=settings.runtime)
    trust = open_trust(workspace.trust, state.control().repository, demo=workspace.demo, owner=workspace.id)
    tree = WorkspaceTree(workspace.tree, state.addresses)
    packs = WheelPacks(
        state, tree, _wheel_in(trust), settings.public_url, trust.demo, run, settings.database_system_user
    )
    return Ports(packs=packs, trust=WorkspaceTrust(trust, now, lambda site: tree.loopback().get(site)), tree=tree)


def _wheel_in(trust: Trust) -> Callable[[str], Path]:
    """Return how to find a release's wheel among the published targets."""

    def wheel(release: str) -> Path:
        manifest = trust.repository.read(TrustRole.RELEASES, f"releases/{release}/manifest.json")
        item = Manifest.model_validate_json(manifest or b"").wheel()
        target = f"releases/{release}/{item.path}"
        info = trust.repository.targets(TrustRole.RELEASES)[target]
        return trust.repository.folder / "targets" / info.get_prefixed_paths()[0]

    return wheel
