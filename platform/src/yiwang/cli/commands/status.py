"""`yiwang status`: who runs what, in which state, proven when."""

from __future__ import annotations

from typing import Any

import typer

from yiwang.cli import output
from yiwang.model.proof import STATE_TITLES, MatrixState
from yiwang.operate.fleet import control_client
from yiwang.operate.workspace import find_workspace


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """各站点的版本与状态 / release, state and proof of every site."""
    with control_client(find_workspace(workspace)) as client:
        known = client.status()
    if as_json:
        output.data(known)
        return
    shown = [row for row in known["sites"] if row["state"] != MatrixState.NOT_DEPLOYED or row["seen_at"]]
    output.table(
        ("站点 site", "名称", "版本", "状态 state", "证明于 UTC", "控制台 console"),
        (_cells(row, known["as_of"]) for row in shown),
        keep=(0, 2, 4, 5),
    )
    for row in shown:
        for detail in row["details"]:
            output.say(f"{row['site']}: {detail}")
    _tell_control(known, hidden=len(known["sites"]) - len(shown))


def _cells(row: dict[str, Any], as_of: str) -> tuple[str, ...]:
    proven = _moment(row["proven_at"], as_of)
    return (row["site"], row["name"], row["release"] or "–", _state(row), proven, row["address"] or "–")


def _moment(moment: str | None, as_of: str) -> str:
    """Return a moment as short as it stays clear, so that a row fits 80 columns: the year stands for hours long past."""
    if moment is None:
        return "–"
    return moment[5:16].replace("T", " ") if moment[:4] == as_of[:4] else moment[:10]


def _state(row: dict[str, Any]) -> str:
    """Return the state for people; work in progress is said with its phase."""
    progress = row.get("progress")
    if progress and progress["outcome"] == "running":
        return f"执行中 {progress['phase']} → {progress['release']}"
    return " ".join(STATE_TITLES[MatrixState(row["state"])])


def _tell_control(known: dict[str, Any], *, hidden: int) -> None:
    if hidden:
        output.say(f"另有 {hidden} 个站点未部署 / {hidden} more sites are not deployed")
    if known["observing"]:
        output.say(f"管控仅观察 / control only observes: {known['observing']}")
        output.say_next("yiwang control act")
    for rollout in known["rollouts"]:
        output.say(f"推广 {rollout['id']} → {rollout['release']}: {rollout['status_zh']} {rollout['status_en']}")
        output.say_next(f"yiwang rollout status {rollout['id']}")
