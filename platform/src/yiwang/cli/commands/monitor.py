"""`yiwang monitor up | down | status | figures`: Prometheus and Alertmanager beside the sites of this machine."""

from __future__ import annotations

import typer

from yiwang.bringup.machine import Machine
from yiwang.bringup.monitoring import Monitoring
from yiwang.cli import output
from yiwang.definition.dashboards import DASHBOARDS
from yiwang.errors import ExitCode
from yiwang.operate.workspace import find_workspace

group = typer.Typer(no_args_is_help=True, help="监控 / Prometheus and Alertmanager beside the sites of this machine")
HEARTBEAT = "none"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="monitor")


def _monitoring(workspace: output.WorkspaceOption) -> Monitoring:
    return Monitoring(Machine(find_workspace(workspace)))


@group.command("up")
def up(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """启动监控 / start monitoring, or let it take up new sites and rules."""
    here = _monitoring(workspace)
    changed = here.start()
    if as_json:
        output.data({"changed": changed, "url": here.prometheus.url})
        return
    output.say(f"监控 {'已启动或更新 is up' if changed else '没有变化 nothing changed'}: {here.prometheus.url}")
    output.say_next("yiwang monitor status")


@group.command("down")
def down(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """停止监控，数据保留 / stop monitoring; data stay."""
    stopped = _monitoring(workspace).stop()
    if as_json:
        output.data({"stopped": stopped})
        return
    output.say("已停止 stopped" if stopped else "本来就没有运行 / nothing was running")
    output.say_next("yiwang monitor up")


@group.command("status")
def status(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """目标与告警 / what is watched, and what fires; exit code 1 where something does."""
    found = _monitoring(workspace).status()
    firing = [a for a in found["alerts"] if a["state"] == "firing" and a["severity"] != HEARTBEAT]
    if as_json:
        output.data(found)
    else:
        output.table(
            ("目标 job", "站点 site", "状态 health", "错误 error"),
            ((t["job"], t["site"], t["health"], t["error"]) for t in found["targets"]),
        )
        output.table(
            ("告警 alert", "站点 site", "级别 severity", "状态 state", "自 since"),
            ((a["name"], a["site"], a["severity"], a["state"], a["since"][:16]) for a in found["alerts"]),
        )
        output.say_next(firing[0]["runbook"] if firing else found["url"])
    output.finish(ExitCode.PROBLEMS if firing else ExitCode.OK)


@group.command("figures")
def figures(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """各图表的现值 / the present value of every panel of the dashboards."""
    prometheus = _monitoring(workspace).prometheus
    rows = [
        {"dashboard": board.name, "panel": panel.name, "title": panel.title(), "labels": one["metric"], "value": one["value"]}
        for board in DASHBOARDS for panel in board.panels for one in prometheus.query(panel.query)
    ]  # fmt: skip
    if as_json:
        output.data(rows)
        return
    output.table(
        ("图表 panel", "标签 labels", "值 value"),
        ((f"{row['dashboard']}/{row['panel']}", _labels(row["labels"]), f"{row['value']:.4g}") for row in rows),
    )


def _labels(labels: dict[str, str]) -> str:
    return " ".join(value for name, value in labels.items() if name not in ("__name__", "job", "instance", "tier"))
