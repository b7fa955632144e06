"""`yiwang rollout plan | start | status | pause | resume | approve | abort`: moving sites to a release."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from yiwang.adapters.control_http import ControlClient
from yiwang.cli import output
from yiwang.errors import ExitCode
from yiwang.model.rollout import RolloutStatus
from yiwang.operate.fleet import control_client
from yiwang.operate.workspace import find_workspace

group = typer.Typer(no_args_is_help=True, help="推广 / bring a release to the sites, wave by wave")

IdArgument = Annotated[str, typer.Argument(help="推广编号 / a rollout's id")]
OptionalId = Annotated[str | None, typer.Argument(help="推广编号，缺省为最近一个 / id, the newest by default")]
ReleaseArgument = Annotated[str, typer.Argument(help="版本号 / release id")]
PolicyOption = Annotated[str, typer.Option(help="策略 / policy, see docs/reference/distribution.md")]
SiteOption = Annotated[list[str] | None, typer.Option("--site", help="只含此站点 / only these sites")]
ReasonOption = Annotated[str, typer.Option("--reason", help="原因 / why")]
WaitFlag = Annotated[bool, typer.Option("--wait", help="等待结束 / wait until it ends")]
WaveOption = Annotated[str | None, typer.Option("--wave", help="批次 / wave, the waiting one by default")]
BackFlag = Annotated[bool, typer.Option("--roll-back", help="同时回退 / and go back")]
WATCH_SECONDS = 1.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="rollout")


@group.command("plan")
def plan(
    release: ReleaseArgument,
    policy: PolicyOption = "default",
    site: SiteOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """制定计划，不触及任何站点 / make a frozen plan; nothing is touched."""
    with control_client(find_workspace(workspace)) as client:
        made = client.plan(release, policy=policy, sites=site or ())
    _show(made, as_json=as_json)
    if made["sites"] and not as_json:
        output.say_next(f"yiwang rollout start {made['id']}")


@group.command("start")
def start(
    id: IdArgument, wait: WaitFlag = False, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False
) -> None:
    """启动 / start a planned rollout."""
    with control_client(find_workspace(workspace)) as client:
        state = client.start(id)
        state = _watch(client, state) if wait else state
    _show(state, as_json=as_json)
    output.finish(_code(state))


@group.command("status")
def status(id: OptionalId = None, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """进展 / where a rollout stands, site by site."""
    with control_client(find_workspace(workspace)) as client:
        found = [client.rollout(id)] if id else client.rollouts()["items"][:1]
    if not found:
        output.data({"rollouts": []}) if as_json else output.say("还没有推广 / there is no rollout yet")
        output.say_next("yiwang rollout plan RELEASE")
        return
    _show(found[0], as_json=as_json)
    output.finish(_code(found[0]))


@group.command("pause")
def pause(id: IdArgument, reason: ReasonOption, workspace: output.WorkspaceOption = None) -> None:
    """暂停 / start nothing more until resumed."""
    with control_client(find_workspace(workspace)) as client:
        _show(client.pause(id, reason), as_json=False)
    output.say_next(f"yiwang rollout resume {id}")


@group.command("resume")
def resume(id: IdArgument, workspace: output.WorkspaceOption = None) -> None:
    """继续 / go on."""
    with control_client(find_workspace(workspace)) as client:
        _show(client.resume(id), as_json=False)


@group.command("approve")
def approve(id: IdArgument, wave: WaveOption = None, workspace: output.WorkspaceOption = None) -> None:
    """批准一个批次 / approve a wave in this operator's name."""
    with control_client(find_workspace(workspace)) as client:
        _show(client.approve(id, wave), as_json=False)


@group.command("abort")
def abort(
    id: IdArgument, reason: ReasonOption = "", roll_back: BackFlag = False, workspace: output.WorkspaceOption = None
) -> None:
    """中止 / stop; what is in flight comes to its end, or goes back."""
    with control_client(find_workspace(workspace)) as client:
        _show(client.abort(id, roll_back=roll_back, reason=reason), as_json=False)
    output.say_next(f"yiwang rollout status {id}")


def _watch(client: ControlClient, state: dict[str, Any]) -> dict[str, Any]:
    """Wait until a rollout ends, telling every change on the way."""
    told = ""
    while not state["finished"]:
        now = f"{state['status_zh']} {state['status_en']}: " + ", ".join(
            f"{site} {progress['state']}" for site, progress in state["sites"].items()
        )
        if now != told:
            output.say(f"› {now}")
            told = now
        time.sleep(WATCH_SECONDS)
        state = client.rollout(state["id"])
    return state


def _show(state: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.data(state)
        return
    output.facts((
        ("推广 rollout", state["id"]), ("版本 release", state["release"]), ("策略 policy", state["policy"]),
        ("状态 status", f"{state['status_zh']} {state['status_en']}"), ("原因 reason", state["reason"] or None),
    ))  # fmt: skip
    rows = [
        (wave["name"], site, state["sites"][site]["before"] or "–", state["sites"][site]["state"],
         state["sites"][site]["reason"])
        for wave in state["waves"] for site in wave["sites"]
    ]  # fmt: skip
    output.table(("批次 wave", "站点 site", "原版本 before", "状态 state", "说明 reason"), rows, keep=(0, 1))
    for site, why in state["excluded"].items():
        output.say(f"不含 / not in it: {site}: {why}")


def _code(state: dict[str, Any]) -> ExitCode:
    """Return PROBLEMS for a rollout that ended other than completed."""
    ended_badly = state["finished"] and state["status"] != RolloutStatus.COMPLETED
    return ExitCode.PROBLEMS if ended_badly and state["sites"] else ExitCode.OK
