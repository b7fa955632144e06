"""`yiwang init`: make a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.model.workspace import Profile
from yiwang.operate.initialise import FIRST_SITES, initialise

FolderArgument = Annotated[Path, typer.Argument(help="新工作区目录 / folder of the new workspace")]
ProfileOption = Annotated[Profile, typer.Option(help="用途 / demo or production")]
SitesOption = Annotated[
    str, typer.Option(help="站点标识，逗号分隔，含其上级 / site ids, with commas; all above come along")
]
TreeOption = Annotated[
    str, typer.Option(help="reference = 全部参考站点 / the whole reference tree instead of --sites", show_default=False)
]

FIRST = ",".join(FIRST_SITES)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    folder: FolderArgument,
    profile: ProfileOption = Profile.DEMO,
    sites: SitesOption = FIRST,
    tree: TreeOption = "",
    as_json: output.JsonFlag = False,
) -> None:
    """新建工作区 / make a workspace: its sites, its profile, and a key to speak to control with."""
    if tree not in ("", "reference"):
        raise typer.BadParameter("reference", param_hint="--tree")
    chosen = None if tree else [part.strip() for part in sites.split(",") if part.strip()]
    workspace = initialise(folder, profile=profile, sites=chosen)
    listed = [site.id for site in workspace.load_tree()]
    if as_json:
        output.data({"folder": workspace.folder, "id": workspace.id, "profile": workspace.profile,
                     "sites": listed, "state": workspace.state.root})  # fmt: skip
        return
    output.facts(
        (
            ("工作区 workspace", workspace.folder),
            ("名称 id", f"{workspace.id} ({workspace.profile})"),
            ("站点 sites", len(listed)),
            ("状态目录 state", workspace.state.root),
        )
    )
    output.say_next("yiwang up" if folder.name == "workspace" else f"yiwang up --workspace {folder}")
