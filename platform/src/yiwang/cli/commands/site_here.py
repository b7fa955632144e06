"""`yiwang site remove | reset-password`: what touches a site that runs on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from yiwang.bringup import down, people
from yiwang.bringup.machine import Machine
from yiwang.cli import output
from yiwang.cli.commands import site as tree
from yiwang.operate.workspace import find_workspace

SiteArgument = Annotated[str, typer.Argument(help="站点标识 / a site's id")]
LoginArgument = Annotated[str, typer.Argument(help="账号 / login")]
ConfirmOption = Annotated[
    str | None, typer.Option("--confirm", help="再次输入站点标识 / the id, typed again", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands to the group that the tree's commands made."""
    del app  # the group is in it already
    tree.group.command("remove")(remove)
    tree.group.command("reset-password")(reset_password)


def remove(
    site: SiteArgument,
    confirm: ConfirmOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """销毁本机上一个站点的进程与数据 / destroy a site's processes and data here; asks for its code to be typed."""
    machine = Machine(find_workspace(workspace))
    typed = (
        confirm
        if confirm is not None
        else typer.prompt(f"将销毁 {site} 的全部数据，请输入站点代码 / type {site} to destroy it")
    )
    down.remove(machine, site, typed.strip())
    if as_json:
        output.data({"removed": site})
        return
    output.say(f"{site} 已销毁 / destroyed; its file stays in the tree")
    output.say_next(f"yiwang site remove-from-tree {site}   # 或 or: yiwang up")


def reset_password(
    site: SiteArgument, login: LoginArgument, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False
) -> None:
    """重置某账号的密码 / give somebody a new password, shown once and to be changed at the next sign-in."""
    password = people.reset_password(Machine(find_workspace(workspace)), site, login)
    if as_json:
        output.data({"site": site, "login": login, "password": password})
        return
    output.say(f"{site} {login} 新密码 new password: {password}")
