"""`yiwang up` and `yiwang down`: bring this workspace's sites up on this machine, or stop them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwang.bringup import down as stopping
from yiwang.bringup.machine import Machine
from yiwang.bringup.up import Result, Up
from yiwang.cli import output
from yiwang.errors import NotReady
from yiwang.operate.release import source_tree
from yiwang.operate.workspace import DEFAULT_FOLDER, find_workspace

TreeOption = Annotated[
    Path | None, typer.Option("--source", help="源码目录 / the source tree to build from", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("down")(down)


def up(source: TreeOption = None, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """启动全部站点 / bring every site of the workspace up; a second run changes nothing."""
    result = Up(folder=_folder(workspace), say=output.say, tree=source_tree(source)).run()
    if as_json:
        output.data(result)
        return
    _print(result)


def _folder(workspace: Path | None) -> Path:
    """Return the workspace that is meant; where there is none yet, the place where one is made."""
    try:
        return find_workspace(workspace).folder
    except NotReady:
        return workspace or Path.cwd() / DEFAULT_FOLDER


def _print(result: Result) -> None:
    output.table(
        ("站点 site", "名称", "发布 release", "状态", "证明于 UTC", "控制台 console"),
        (
            (row["site"], row["name"], row["release"], row["state"], _moment(row["proven_at"]), row["address"])
            for row in result.rows
        ),
        keep=(0, 1, 2, 3, 4, 5),
    )
    for person in result.administrators:
        output.say(
            f"{person.site} 首位管理员 first administrator: {person.login}  密码 password: {person.password}  ({person.url})"
        )
    if result.administrators:
        output.say("密码只显示这一次，首次登录须修改 / shown only this once, to be changed at the first sign-in")
        output.say_next("yiwang site reset-password 441721 admin   # 忘记密码 if it is lost")
    if not result.changed:
        output.say("没有变化 / nothing changed: every site runs and proves this release already")
    output.say_next("yiwang status")


def _moment(moment: str | None) -> str:
    return (moment or "–")[11:19]


def down(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """停止本机全部站点与管控，数据保留 / stop sites and control of this workspace; data stay."""
    stopped = stopping.down(Machine(find_workspace(workspace)), output.say)
    if as_json:
        output.data({"stopped": stopped})
        return
    if not stopped:
        output.say("本来就没有运行 / nothing was running")
    output.say_next("yiwang up")
