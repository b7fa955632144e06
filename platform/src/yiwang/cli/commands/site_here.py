"""`yiwang site remove | reset-password | revoke | re-enrol`: what touches a site that runs on this machine, or its keys."""

from __future__ import annotations

from typing import Annotated

import typer

from yiwang.bringup import down, enrolling, people
from yiwang.bringup.machine import Machine
from yiwang.cli import output
from yiwang.cli.commands import site as tree
from yiwang.errors import Refused
from yiwang.operate.fleet import control_client
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
    tree.group.command("reinstall")(reinstall)
    tree.group.command("revoke")(revoke)
    tree.group.command("re-enrol")(re_enrol)


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


def reinstall(site: SiteArgument, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """令站点重新安装其发布版本 / let a site install its release again: heals drift, renders its pack anew; data stay."""
    with control_client(find_workspace(workspace)) as client:
        assigned = {item["site"]: item["release"] for item in client.assignments()["items"]}
        if site not in assigned:
            rule = f"{site} 尚无指派的发布 / no release was ever assigned to it"
            raise Refused(rule=rule, who="", next="yiwang up")
        done = client.assign(site, assigned[site])
    if as_json:
        output.data(done)
        return
    output.say(f"{site} ← {assigned[site]} ({done['epoch']}.{done['generation']})")
    output.say_next("yiwang status")


def revoke(
    site: SiteArgument,
    reason: Annotated[str, typer.Option("--reason", help="原因 / why")],
    confirm: ConfirmOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """吊销站点密钥，链路随即断开 / believe a site's keys no more; its links drop within seconds, its people work on."""
    typed = (
        confirm if confirm is not None else typer.prompt(f"将吊销 {site}，请输入站点代码 / type {site} to revoke it")
    )
    down.require_typed(site, typed.strip(), next=f"yiwang site revoke {site} --reason …")
    with control_client(find_workspace(workspace)) as client:
        done = client.revoke(site, reason)
    if as_json:
        output.data(done)
        return
    output.say(f"{site}: 已吊销序列号 {done['serial']} / serial {done['serial']} is revoked")
    output.say_next(f"yiwang site re-enrol {site}   # 以新代次重新入网 comes back as a new incarnation")


def re_enrol(site: SiteArgument, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """让本机站点以新密钥、新代次重新入网 / give a site that runs here new keys, as its next incarnation."""
    incarnation = enrolling.re_enrol(Machine(find_workspace(workspace)), site)
    if as_json:
        output.data({"site": site, "incarnation": incarnation})
        return
    output.say(f"{site}: 第 {incarnation} 代 / lives as incarnation {incarnation}")
    output.say_next("yiwang consistency --prove")
