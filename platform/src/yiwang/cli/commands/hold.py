"""`yiwang hold add | list | lift`: asking that a site be left alone for a time."""

from __future__ import annotations

from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.operate.fleet import control_client
from yiwang.operate.workspace import find_workspace

group = typer.Typer(no_args_is_help=True, help="冻结 / ask that a site be left alone for a time")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="hold")


@group.command("add")
def add(
    site: Annotated[str, typer.Argument(help="站点标识 / a site's id")],
    reason: Annotated[str, typer.Option("--reason", help="原因 / why")],
    hours: Annotated[float, typer.Option("--hours", help="时长 / for how long", min=0.1)] = 24.0,
    subtree: Annotated[bool, typer.Option("--subtree", help="含下级 / and everything below")] = False,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """冻结 / hold a site; no rollout starts there while it lasts."""
    with control_client(find_workspace(workspace)) as client:
        made = client.hold(site, reason=reason, hours=hours, subtree=subtree)
    if as_json:
        output.data(made)
        return
    output.say(f"已冻结 {site} 至 {made['not_after'][:16]} / held")
    output.say_next(f"yiwang hold lift {made['id']}")


@group.command("list")
def list_holds(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """列出冻结 / list the holds that nobody lifted."""
    with control_client(find_workspace(workspace)) as client:
        items = client.holds()["items"]
    if as_json:
        output.data(items)
        return
    output.table(
        ("编号 id", "站点 site", "原因 reason", "由 by", "至 until"),
        ((item["id"], item["site"], item["reason"], item["by"], item["not_after"][:16]) for item in items),
    )


@group.command("lift")
def lift(
    id: Annotated[str, typer.Argument(help="冻结编号 / a hold's id")], workspace: output.WorkspaceOption = None
) -> None:
    """解除冻结 / lift a hold."""
    with control_client(find_workspace(workspace)) as client:
        client.release_hold(id)
    output.say(f"已解除 {id} / lifted")
