"""An operator's own folder: which tree it runs, which trust it pins, and where its state lies on this machine.

A workspace is found the way git finds a repository: named by a flag, by ``YIWANG_WORKSPACE``, above the current
folder, or as ``workspace/`` inside it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yiwang.definition import distribution
from yiwang.definition.divisions import divisions
from yiwang.definition.reading import read_document, validated
from yiwang.definition.tree import load_tree
from yiwang.errors import NotReady
from yiwang.model.paths import ControlPaths, SitePaths, StatePaths
from yiwang.model.site import SiteTree
from yiwang.model.workspace import Profile, WorkspaceFile

FILE = "workspace.yaml"
DEFAULT_FOLDER = "workspace"
VARIABLE = "YIWANG_WORKSPACE"
STATE_VARIABLE = "YIWANG_STATE"
RUNTIME_VARIABLE = "YIWANG_RUNTIME"


@dataclass(frozen=True)
class Workspace:
    """An operator's folder and where its state lies. 工作区。"""

    folder: Path
    id: str
    profile: Profile
    tree: Path
    trust: Path
    state: StatePaths

    @property
    def demo(self) -> bool:
        """Whether the ceremony may be held unattended."""
        return self.profile is Profile.DEMO

    @property
    def file(self) -> Path:
        """Return workspace.yaml."""
        return self.folder / FILE

    @property
    def operator_key(self) -> Path:
        """Return the key that signs this operator's requests to control."""
        return self.trust / "operator.key.json"

    def load_tree(self) -> SiteTree:
        """Return the workspace's sites. Raises DefinitionError."""
        return load_tree(self.tree, distribution(), divisions())

    def site(self, site_id: str) -> SitePaths:
        """Return one site's folders."""
        return self.state.site(site_id)

    def control(self) -> ControlPaths:
        """Return control's folders."""
        return self.state.control()


def state_root(workspace_id: str, environ: Mapping[str, str], *, root: bool) -> Path:
    """Return the state folder: named by the environment, or the place that the system keeps for such things."""
    if named := environ.get(STATE_VARIABLE):
        return Path(named).expanduser().absolute()
    if root:
        return Path("/var/lib/yiwang") / workspace_id
    home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".local" / "state")
    return Path(home) / "yiwang" / workspace_id


def runtime_root(state: Path, environ: Mapping[str, str]) -> Path:
    """Return the short folder for sockets.

    It is below /tmp, not $XDG_RUNTIME_DIR: that one is emptied when its user signs out, and sites outlive a session.
    """
    short = hashlib.sha256(str(state).encode()).hexdigest()[:8]
    return Path(environ.get(RUNTIME_VARIABLE) or "/tmp") / f"yw-{short}"  # noqa: S108 - made 0700 and checked by adapters.files


def open_workspace(folder: Path, environ: Mapping[str, str] | None = None) -> Workspace:
    """Return the workspace in a folder. Raises NotReady if there is none, DefinitionError if its file is wrong."""
    environ = os.environ if environ is None else environ
    path = folder.absolute() / FILE
    if not path.is_file():
        raise NotReady(what=f"{folder} 中没有工作区 / there is no {FILE} in {folder}", next=f"yiwang init {folder}")
    declared = validated(read_document(path), WorkspaceFile, next=f"yiwang validate --workspace {folder}")
    state = state_root(declared.id, environ, root=os.geteuid() == 0)
    return Workspace(
        folder=path.parent,
        id=declared.id,
        profile=declared.profile,
        tree=path.parent / declared.tree,
        trust=path.parent / declared.trust,
        state=StatePaths(root=state, runtime=runtime_root(state, environ)),
    )


def find_workspace(
    named: Path | None = None, *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> Workspace:
    """Return the workspace that a command means. Raises NotReady when there is none."""
    environ = os.environ if environ is None else environ
    if named is not None:
        return open_workspace(named, environ)
    if variable := environ.get(VARIABLE):
        return open_workspace(Path(variable).expanduser(), environ)
    start = Path.cwd() if cwd is None else cwd
    for place in (start, *start.absolute().parents):
        if (place / FILE).is_file():
            return open_workspace(place, environ)
    if (start / DEFAULT_FOLDER / FILE).is_file():
        return open_workspace(start / DEFAULT_FOLDER, environ)
    raise NotReady(what="此处没有工作区 / there is no workspace here", next="yiwang init workspace")
