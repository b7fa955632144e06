"""`yiwang site list | new | remove-from-tree`: the tree of sites as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.errors import NotReady
from yiwang.model.site import Instance, Site, SiteTree
from yiwang.operate import sites
from yiwang.operate.validate import count_tiers, reference_tree
from yiwang.operate.workspace import find_workspace

group = typer.Typer(no_args_is_help=True, help="站点 / sites")

SiteArgument = Annotated[str, typer.Argument(help="站点标识 / a site's id")]
CodeArgument = Annotated[str, typer.Argument(help="行政区划代码 / division code")]
UnderOption = Annotated[
    str | None, typer.Option("--under", help="只列此站点及其下级 / only this subtree", show_default=False)
]
TierOption = Annotated[str | None, typer.Option("--tier", help="只列此层级 / only this tier", show_default=False)]
ReferenceFlag = Annotated[bool, typer.Option("--reference", help="列出参考树 / the reference tree")]
InstanceOption = Annotated[Instance, typer.Option(help="实例 / main, twin or training")]
ParentOption = Annotated[str | None, typer.Option("--parent", help="上级站点 / the parent site", show_default=False)]
ConfirmOption = Annotated[str | None, typer.Option("--confirm", help="再次输入站点标识 / the id, typed again")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="site")


def tree_of(workspace: Path | None, *, reference: bool) -> SiteTree:
    """Return the tree that is meant: the workspace's, or the reference tree when asked for or when there is none."""
    if reference:
        return reference_tree()
    try:
        return find_workspace(workspace).load_tree()
    except NotReady:
        if workspace is not None:
            raise
        return reference_tree()


@group.command("list")
def list_sites(
    under: UnderOption = None,
    tier: TierOption = None,
    reference: ReferenceFlag = False,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """列出站点 / list the sites of the workspace, or of the reference tree when there is no workspace."""
    tree = tree_of(workspace, reference=reference)
    chosen = sites.select(tree, under=under, tier=tier)
    if as_json:
        output.data(chosen)
        return
    output.table(
        ("站点 site", "名称 name", "层级 tier", "上级 parent", "通道 channel"),
        ((site.id, _indented(tree, site), site.tier, site.parent or "–", site.channel) for site in chosen),
    )
    counts = ", ".join(f"{name} {count}" for name, count in count_tiers(SiteTree(chosen)).items())
    output.say(f"{len(chosen)} 个站点 / sites: {counts}")


def _indented(tree: SiteTree, site: Site) -> str:
    """Return the name, set in by its depth in the tree."""
    return "  " * len(tree.ancestors(site.id)) + site.title()


@group.command("new")
def new(
    code: CodeArgument,
    instance: InstanceOption = Instance.MAIN,
    parent: ParentOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """新增站点文件 / write the file of a new site; name, tier and parent come from its division."""
    path = sites.new_site(find_workspace(workspace).tree, code, instance=instance, parent=parent)
    if as_json:
        output.data({"site": path.stem, "file": path})
        return
    output.say(f"已写入 / written: {path}")
    output.say_next("yiwang validate")


@group.command("remove-from-tree")
def remove_from_tree(
    site: SiteArgument,
    confirm: ConfirmOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """从树中移除站点文件，不触及运行中的站点 / take a site's file out of the tree; nothing that runs is touched."""
    path = sites.remove_from_tree(find_workspace(workspace).tree, site, confirmed=confirm)
    if as_json:
        output.data({"site": site, "file": path, "removed": True})
        return
    output.say(f"已从树中移除 / taken out of the tree: {path}")
    output.say_next("yiwang status")
