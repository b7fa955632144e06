"""`yiwang exchange links | parked | retry | skip | export | import`: the links between tiers, by wire or by stick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from yiwang.bringup.machine import Machine
from yiwang.cli import output
from yiwang.errors import Refused
from yiwang.operate import exchange
from yiwang.operate.exchange import Door
from yiwang.operate.workspace import find_workspace

group = typer.Typer(no_args_is_help=True, help="交换 / the links between tiers, over the network or on a stick")
SiteArgument = Annotated[str, typer.Argument(help="站点标识 / a site's id")]
EnvelopeArgument = Annotated[str, typer.Argument(help="消息编号 / an envelope's id")]
ReasonOption = Annotated[str, typer.Option("--reason", help="原因，记入审计 / why, for the audit trail")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="exchange")


@group.command("links")
def links(site: SiteArgument, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """列出链路 / list a site's links: state, what waits, what is parked."""
    items = exchange.links(_door(site, workspace))
    if as_json:
        output.data(items)
        return
    output.table(
        ("相邻 neighbour", "形式 by", "状态 state", "自 since", "待发 queued", "搁置 parked", "附件 files"),
        (_line(item) for item in items),
    )
    for item in items:
        if item["last_error"]:
            output.say(f"{item['site']}: {item['last_error']}")
    if any(item["parked"] for item in items):
        output.say_next(f"yiwang exchange parked {site}")


def _line(item: dict[str, Any]) -> tuple[object, ...]:
    files = f"{item['attachments_awaited']} ({item['attachments_since'][:16]})" if item["attachments_since"] else 0
    return item["site"], item["link"], item["state"], item["since"][:16], item["queued"], item["parked"], files


@group.command("parked")
def parked(site: SiteArgument, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """列出搁置的消息及原因 / list parked messages with their reasons."""
    items = exchange.parked(_door(site, workspace))
    if as_json:
        output.data(items)
        return
    output.table(
        ("消息 id", "来自 origin", "种类 kind", "对象 key", "原因 reason"),
        ((i["id"], i["origin"], f"{i['kind']} v{i['version']}", i["key"], i["reason"]) for i in items),
    )
    for advice in dict.fromkeys(item["next"] for item in items):
        output.say(advice)
    if items:
        output.say_next(f"yiwang exchange retry {site} {items[0]['id']} --reason …   # 或 or: skip")


@group.command("retry")
def retry(
    site: SiteArgument,
    envelope: EnvelopeArgument,
    reason: ReasonOption = "",
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """重试一条搁置的消息 / let a parked message be applied again."""
    done = exchange.retry(_door(site, workspace), envelope, reason)
    _settled(done, f"{envelope} 将重新应用 / will be applied again", site, as_json=as_json)


@group.command("skip")
def skip(
    site: SiteArgument,
    envelope: EnvelopeArgument,
    reason: Annotated[str, typer.Option("--reason", help="原因，记入审计 / why, for the audit trail")],
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """永不应用一条搁置的消息 / never apply a parked message; those behind it go on."""
    if len(reason.strip()) < 4:  # noqa: PLR2004 - as the hub's own door asks
        raise Refused(rule="原因至少 4 个字 / a reason has at least 4 characters", who="operations",
                      next=f"yiwang exchange skip {site} {envelope} --reason …")  # fmt: skip
    done = exchange.skip(_door(site, workspace), envelope, reason)
    _settled(done, f"{envelope} 已跳过 / skipped", site, as_json=as_json)


@group.command("export")
def export_stick(
    site: SiteArgument,
    to: Annotated[Path, typer.Option("--to", help="介质上的目录 / a folder on the stick")],
    peer: Annotated[str | None, typer.Option("--peer", help="只给此站点 / only for this neighbour")] = None,
    max_bytes: Annotated[int | None, typer.Option("--max-bytes", help="每个文件的上限 / bytes a file")] = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """导出到介质：消息、附件与回执 / write messages, attachments and acknowledgements for who is not linked."""
    items = exchange.export_stick(_door(site, workspace), to, peer=peer, max_bytes=max_bytes)
    if as_json:
        output.data(items)
        return
    for item in items:
        output.say(f"→ {item['peer']}: 消息 {item['envelopes']} messages · 附件 {item['attachments']} attachments")
        for file in item["files"]:
            output.say(f"   {file}")
        output.say_next(f"yiwang exchange import {item['peer']} --from {to}   # 在对端 at the other side")


@group.command("import")
def import_stick(
    site: SiteArgument,
    place: Annotated[Path, typer.Option("--from", help="介质文件或目录 / a stick's file or folder")],
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """从介质导入 / take in what a stick brings; anything but a whole stick of this pair changes nothing."""
    items = exchange.import_stick(_door(site, workspace), place)
    if as_json:
        output.data(items)
        return
    for item in items:
        output.say(
            f"← {item['peer']} {item['file']}: 新 {item['envelopes']} new · 已有 {item['known']} known · "
            f"附件 {item['attachments']} attachments，尚缺 {item['waiting']} to come · 对端已收到第 {item['acknowledged']} 条 acknowledged"
        )
    output.say_next(f"yiwang exchange export {site} --to DIR   # 把回执带回 take the acknowledgement back")


def _door(site: str, workspace: Path | None) -> Door:
    machine = Machine(find_workspace(workspace))
    if site not in {known.id for known in machine.sites()}:
        raise Refused(rule=f"{site} 不在本机运行 / {site} does not run on this machine", who="operations",
                      next="yiwang status")  # fmt: skip
    return machine.site(site)


def _settled(done: dict[str, Any], said: str, site: str, *, as_json: bool) -> None:
    if as_json:
        output.data(done)
        return
    output.say(said)
    output.say_next(f"yiwang exchange links {site}")
