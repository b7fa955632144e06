"""`yiwang inspect run | plan | findings | accept | retest | report | order`: look, keep what was found, follow it to its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from yiwang.adapters.files import write_atomic
from yiwang.adapters.hub_http import HubClient
from yiwang.bringup.inspecting import inspection
from yiwang.bringup.machine import Machine
from yiwang.cli import output
from yiwang.errors import ExitCode, NotReady, Refused
from yiwang.inspections import reports, word
from yiwang.model.inspection import SEVERITY_TITLES, STATE_TITLES, VERDICT_TITLES, Finding, FindingState, Ledger
from yiwang.operate.inspect import Inspection, green, moment, of
from yiwang.operate.workspace import find_workspace

group = typer.Typer(no_args_is_help=True, help="巡检 / inspections: run, plan, findings, accept, retest, report, order")
FingerprintArgument = Annotated[
    str, typer.Argument(help="问题指纹或其开头 / a finding's fingerprint, or its beginning")
]
FeedOption = Annotated[
    Path | None, typer.Option("--feed", help="安全公告文件 / advisory feed, a file", show_default=False)
]
LOGIN, PASSWORD = "YIWANG_INSPECT_LOGIN", "YIWANG_INSPECT_PASSWORD"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="inspect")


def _here(workspace: Path | None, feed: Path | None = None) -> tuple[Machine, Inspection]:
    machine = Machine(find_workspace(workspace))
    if feed is not None and not feed.is_file():
        raise NotReady(what=f"没有文件 / no such file: {feed}", next="yiwang inspect run --feed FILE")
    return machine, inspection(machine, feed)


@group.command("run")
def run(
    check: Annotated[list[str] | None, typer.Option("--check", help="只运行此项 / only this check, repeatable")] = None,
    at: Annotated[list[str] | None, typer.Option("--at", help="只在此对象 / only at this target, repeatable")] = None,
    due: Annotated[bool, typer.Option("--due", help="只运行到期的 / only what is due")] = False,
    feed: FeedOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """执行巡检 / run checks at this machine, its sites and its dependencies; exit code 1 where not all is green."""
    _, here = _here(workspace, feed)
    results = here.run(only=check or (), at=at or (), due=due, say=output.say)
    if as_json:
        output.data(results)
    else:
        output.table(
            ("巡检项 check", "对象 target", "结论 verdict", "说明 summary"),
            ((r.check, r.target, "/".join(VERDICT_TITLES[r.verdict]), r.summary) for r in results),
            keep=(0, 1, 2),
        )
        output.say(reports.counted(results))
        output.say_next("yiwang inspect findings")
    seen = {(r.check, r.target) for r in results}
    standing = [f for f in here.ledger().findings.values() if (f.check, f.target) in seen]
    output.finish(ExitCode.OK if green(results, standing) else ExitCode.PROBLEMS)


@group.command("plan")
def plan(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """巡检计划 / every check at every target: last, due, missed; exit code 1 where one was missed."""
    _, here = _here(workspace)
    now = moment()
    rows = here.plan(now)
    if as_json:
        output.data(
            [{"check": r.check.id, "target": r.target.id, "last": r.last, "due": r.due, "is_due": r.is_due(now),
              "missed": r.missed} for r in rows]
        )  # fmt: skip
    else:
        output.table(
            ("巡检项 check", "内容 title", "对象 target", "上次 last", "状态 state"),
            ((r.check.id, r.check.title(), r.target.id, r.last and f"{r.last:%m-%d %H:%M}",
              "漏检 missed" if r.missed else "到期 due" if r.is_due(now) else "") for r in rows),
            keep=(0, 2, 3),
        )  # fmt: skip
        output.say_next("yiwang inspect run --due")
    output.finish(ExitCode.PROBLEMS if any(r.missed for r in rows) else ExitCode.OK)


@group.command("findings")
def findings(
    everything: Annotated[bool, typer.Option("--all", help="包括已关闭的 / closed ones, too")] = False,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """巡检问题 / what was found and still stands; exit code 1 where something is open."""
    _, here = _here(workspace)
    found = sorted(here.ledger().findings.values(), key=lambda f: (f.check, f.target, f.locus))
    shown = [f for f in found if everything or f.state is not FindingState.CLOSED]
    if as_json:
        output.data(shown)
    else:
        output.table(
            ("指纹 fingerprint", "巡检项 check", "对象 target", "位置 locus", "问题 what", "状态 state"),
            ((f.fingerprint[:8], f"{f.check} {SEVERITY_TITLES[of(f.check).severity][0]}", f.target, f.locus, f.what,
              "/".join(STATE_TITLES[f.state])) for f in shown),
            keep=(0, 1, 2),
        )  # fmt: skip
        output.say_next("yiwang inspect retest FINGERPRINT" if shown else "yiwang inspect report")
    output.finish(ExitCode.PROBLEMS if any(f.state is FindingState.OPEN for f in shown) else ExitCode.OK)


@group.command("accept")
def accept(
    fingerprint: FingerprintArgument,
    owner: Annotated[str, typer.Option("--owner", help="责任人 / who owns the risk")],
    approver: Annotated[str, typer.Option("--approver", help="批准人，须为另一人 / who approves it: somebody else")],
    reason: Annotated[str, typer.Option("--reason", help="理由与补偿措施 / why, and what stands in for the repair")],
    days: Annotated[int, typer.Option("--days", help="期限（天），至多 180 / for how many days, at most 180")] = 30,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """接受风险，有期限 / accept a finding's risk until a day; it is open again by itself afterwards."""
    _tell(_here(workspace)[1].accept(fingerprint, owner, approver, reason, days), as_json)


@group.command("retest")
def retest(
    fingerprint: FingerprintArgument,
    feed: FeedOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """复测 / run a finding's own check again; only a clean result closes it."""
    found = _here(workspace, feed)[1].retest(fingerprint, output.say)
    _tell(found, as_json)
    output.finish(ExitCode.OK if found.state is FindingState.CLOSED else ExitCode.PROBLEMS)


@group.command("report")
def report(
    target: Annotated[
        Path, typer.Argument(help="文件，按扩展名 .docx .html .sarif / file; its suffix says the form", metavar="FILE")
    ],
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """巡检报告 / write the newest results and all findings as DOCX, HTML or SARIF 2.1.0."""
    ledger, now = _here(workspace)[1].ledger(), moment()
    forms: dict[str, Callable[[Ledger, datetime], str | bytes]] = {
        ".docx": word.docx,
        ".html": reports.html,
        ".sarif": reports.sarif,
    }
    if target.suffix not in forms:
        raise Refused(
            rule=f"不支持 / no such form: {target.suffix or target}", who="", next="yiwang inspect report report.docx"
        )
    write_atomic(target, forms[target.suffix](ledger, now))
    if as_json:
        output.data({"file": target, "evidence": ledger.head, "results": len(ledger.results)})
        return
    output.say(f"{target}: {reports.counted(ledger.results)}")
    output.say_next("yiwang inspect findings")


@group.command("order")
def order(
    fingerprint: FingerprintArgument,
    site: Annotated[str, typer.Option("--site", help="受理站点 / the site that takes it in")],
    matter: Annotated[str, typer.Option("--matter", help="事项编码 / code of the matter that it is")],
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """转为工单 / make a finding a work order of a site, through the hub's own door."""
    machine, here = _here(workspace)
    finding = here.finding(fingerprint)
    division = next((known.code for known in machine.sites() if known.id == site), None)
    if division is None:
        raise Refused(rule=f"{site} 不在本机 / does not run here", who="", next="yiwang status")
    login, password = os.environ.get(LOGIN, ""), os.environ.get(PASSWORD, "")
    if not login or not password:
        raise NotReady(what=f"未配置转单账号 / no account is configured to make orders with: {LOGIN}, {PASSWORD}",
                       next=f"export {LOGIN}=… {PASSWORD}=…; yiwang inspect order {fingerprint} --site {site}")  # fmt: skip
    if finding.order or finding.state is FindingState.CLOSED:
        raise Refused(
            rule=f"已有工单或已关闭 / it has an order or is closed: {finding.order}",
            who="",
            next="yiwang inspect findings",
        )
    with HubClient(machine.hub_url(site)) as client:
        client.sign_in(login, password)
        made = client.post(
            "/api/collaboration/v1/orders", reports.order_of(finding, matter, division), key=finding.fingerprint
        )
    here.ordered(finding, str(made["id"]))
    _tell(here.finding(finding.fingerprint), as_json)


def _tell(finding: Finding, as_json: bool) -> None:
    if as_json:
        output.data(finding)
        return
    output.facts(
        (("指纹 fingerprint", finding.fingerprint), ("巡检项 check", finding.check), ("对象 target", finding.target),
         ("位置 locus", finding.locus), ("状态 state", "/".join(STATE_TITLES[finding.state])), ("工单 order", finding.order))
    )  # fmt: skip
    output.say_next("yiwang inspect findings")
