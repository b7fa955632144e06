"""`yiwang demo`: invented orders for showing and measuring, in demonstration workspaces only."""

from __future__ import annotations

from typing import Annotated

import typer

from yiwang.bringup import demo as filling
from yiwang.bringup.machine import Machine
from yiwang.cli import output
from yiwang.operate.workspace import find_workspace

OrdersOption = Annotated[
    int, typer.Option("--orders", help="全部站点的工单总数 / orders over all sites", min=0, max=2_000_000)
]
SeedOption = Annotated[int, typer.Option("--seed", help="同一种子生成同样的数据 / the same seed, the same orders")]
RemoveFlag = Annotated[bool, typer.Option("--remove", help="清除全部样例工单 / take all invented orders away")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    orders: OrdersOption = 100_000,
    seed: SeedOption = 2026,
    remove: RemoveFlag = False,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """以样例工单填充演示站点 / fill the demonstration's sites with invented orders; a repeat adds what is missing."""
    machine = Machine(find_workspace(workspace))
    filled = filling.clear(machine) if remove else filling.fill(machine, orders, seed, output.say)
    if as_json:
        output.data(filled)
        return
    output.table(
        ("站点 site", "名称", "新增 added", "清除 removed", "现有 present", "秒 s"),
        ((f.site, f.name, f"{f.added:,}", f"{f.removed:,}", f"{f.present:,}", f"{f.seconds:.0f}") for f in filled),
    )
    output.say(
        "样例数据在界面上标明；删除：yiwang demo --remove / marked on every screen; to remove: yiwang demo --remove"
    )
    output.say_next("yiwang status")
