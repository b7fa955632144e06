"""`yiwang control start | stop | status | act | journal`: the control plane of this workspace on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.control.installation import Installation
from yiwang.errors import ExitCode, NotReady
from yiwang.operate.fleet import control_client
from yiwang.operate.workspace import find_workspace

group = typer.Typer(no_args_is_help=True, help="管控 / the control plane")

ReleaseFolder = Annotated[
    Path | None, typer.Option("--release-folder", help="含引擎的发布目录 / a release folder with the engines")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="control")


@group.command("start")
def start(release_folder: ReleaseFolder = None, workspace: output.WorkspaceOption = None) -> None:
    """启动管控 / start control; a repeat changes nothing."""
    installation = Installation(find_workspace(workspace), output.say)
    changed = installation.start(python=installation.python() or sys.executable, release_folder=release_folder)
    output.say(
        f"{'已启动' if changed else '已在运行，无变化'} {installation.url} / {'started' if changed else 'no change'}"
    )


@group.command("stop")
def stop(workspace: output.WorkspaceOption = None) -> None:
    """停止管控，站点照常运行 / stop control; sites keep working."""
    stopped = Installation(find_workspace(workspace)).stop()
    output.say("已停止 / stopped" if stopped else "并未运行 / was not running")
    output.say_next("yiwang control start")


@group.command("status")
def status(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """管控进程 / the processes of control."""
    installation = Installation(find_workspace(workspace))
    processes = installation.state()
    if not processes:
        raise NotReady(what="管控未运行 / control does not run", next="yiwang control start")
    if as_json:
        output.data({"url": installation.url, "processes": processes})
    else:
        output.table(("进程 process", "状态 state", "pid"), ((p["name"], p["state"], p["pid"]) for p in processes))
        output.say(installation.url)
    late = [process for process in processes if process["state"] != "ready"]
    output.finish(ExitCode.PROBLEMS if late else ExitCode.OK)


@group.command("act")
def act(workspace: output.WorkspaceOption = None) -> None:
    """恢复后重新决策 / let a restored control decide again, once you have looked."""
    with control_client(find_workspace(workspace)) as client:
        known = client.act_again()
    output.say(f"管控重新决策，纪元 {known['epoch']} / control decides again, epoch {known['epoch']}")
    output.say_next("yiwang status")


@group.command("journal")
def journal(
    after: Annotated[int, typer.Option("--after", help="起始序号 / from this row on")] = 0,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """管控日志 / who decided what, in order."""
    with control_client(find_workspace(workspace)) as client:
        items = client.journal(after)["items"]
    if as_json:
        output.data(items)
        return
    output.table(
        ("序号 seq", "时间 at", "事件 kind", "由 actor", "推广 rollout"),
        ((row["seq"], row["at"][:19], row["kind"], row["actor"], row["rollout"] or "") for row in items),
    )
