"""One ledger, several readers: SARIF 2.1.0 for tools, a Chinese page for people, words for a work order."""

from __future__ import annotations

import html as markup
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from yiwang.definition.checks import checks
from yiwang.model.inspection import (
    SEVERITY_TITLES,
    STATE_TITLES,
    VERDICT_TITLES,
    CheckSpec,
    Finding,
    FindingState,
    Ledger,
    Result,
    Verdict,
)

TITLE = "巡检报告 Inspection report"
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RESULT_HEAD = ("巡检项", "内容", "条款", "对象", "结论", "说明")
FINDING_HEAD = ("巡检项", "严重程度", "对象", "位置", "问题", "状态", "整改建议")
STYLE = (
    "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
    "td,th{border:1px solid #999;padding:.3em .6em;text-align:left}"
)


def counted(results: Iterable[Result]) -> str:
    """Return how many ended how; every verdict is named, so that nothing hides among the passed."""
    found = Counter(result.verdict for result in results)
    return " · ".join(f"{zh} {en} {found[verdict]}" for verdict, (zh, en) in VERDICT_TITLES.items())


def specs() -> dict[str, CheckSpec]:
    """Return every check by its id."""
    return {spec.id: spec for spec in checks()}


def result_rows(ledger: Ledger) -> list[tuple[str, ...]]:
    """Return the newest results as rows."""
    known = specs()
    ordered = sorted(ledger.results, key=lambda r: (r.check, r.target))
    return [
        (r.check, known[r.check].title_zh, "、".join(known[r.check].clauses), r.target, VERDICT_TITLES[r.verdict][0], r.summary)
        for r in ordered if r.check in known
    ]  # fmt: skip


def finding_rows(ledger: Ledger) -> list[tuple[str, ...]]:
    """Return what still stands as rows."""
    known = specs()
    standing = [f for f in ledger.findings.values() if f.state is not FindingState.CLOSED and f.check in known]
    return [
        (f.check, SEVERITY_TITLES[known[f.check].severity][0], f.target, f.locus, f.what, _state(f), known[f.check].remedy_zh)
        for f in sorted(standing, key=lambda f: (f.check, f.target, f.locus))
    ]  # fmt: skip


def _state(finding: Finding) -> str:
    said = STATE_TITLES[finding.state][0]
    return (
        f"{said}（至 {finding.acceptance.expires:%Y-%m-%d}，{finding.acceptance.owner}）"
        if finding.acceptance
        else said
    )


def facts(ledger: Ledger, now: datetime) -> list[str]:
    """Return what a reader needs to trust the report: when, how many, and which entry of the journal it stands on."""
    return [
        f"生成时间 {now:%Y-%m-%d %H:%M} UTC，共 {ledger.runs} 次巡检。",
        f"结论：{counted(ledger.results)}",
        f"证据链头（SM3）：{ledger.head}",
        "说明：只有“通过”计为通过；“未完成”“过期”“待人工”“不适用”均不计入。本报告不是等级测评结论。",
    ]


def html(ledger: Ledger, now: datetime) -> str:
    """Return the report as one page without anything from elsewhere."""
    body = [f"<h1>{TITLE}</h1>", *(f"<p>{markup.escape(line)}</p>" for line in facts(ledger, now))]
    for title, head, rows in (("结果", RESULT_HEAD, result_rows(ledger)), ("问题", FINDING_HEAD, finding_rows(ledger))):
        lines = ["".join(f"<th>{markup.escape(cell)}</th>" for cell in head)]
        lines += ["".join(f"<td>{markup.escape(cell)}</td>" for cell in row) for row in rows]
        body.append(f"<h2>{title}</h2><table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>")
    return f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{TITLE}</title><style>{STYLE}</style>{"".join(body)}</html>\n'


def sarif(ledger: Ledger, now: datetime) -> str:
    """Return findings as SARIF 2.1.0; what did not end is a notification, never silently missing."""
    known = specs()
    unfinished = [r for r in ledger.results if r.verdict in (Verdict.ERROR, Verdict.STALE)]
    run = {
        "tool": {"driver": {"name": "yiwang inspect", "rules": [_rule(spec) for spec in known.values()]}},
        "invocations": [
            {"executionSuccessful": not unfinished, "endTimeUtc": f"{now:%Y-%m-%dT%H:%M:%SZ}",
             "toolExecutionNotifications": [
                 {"level": "error", "associatedRule": {"id": r.check}, "message": {"text": f"{r.target}: {r.summary}"}}
                 for r in unfinished]}
        ],
        "results": [_sarif(f) for f in ledger.findings.values() if f.state is not FindingState.CLOSED],
        "properties": {"evidence": ledger.head},
    }  # fmt: skip
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _rule(spec: CheckSpec) -> dict[str, Any]:
    return {
        "id": spec.id,
        "shortDescription": {"text": spec.title()},
        "help": {"text": f"{spec.remedy_zh} {spec.remedy_en}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"clauses": list(spec.clauses), "severity": spec.severity.value},
    }


def _sarif(finding: Finding) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.check, "level": "error", "message": {"text": finding.what},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": f"{finding.target}/{finding.locus}"}]}],
        "partialFingerprints": {"yiwang/v1": finding.fingerprint},
    }  # fmt: skip
    if finding.acceptance:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": finding.acceptance.reason,
             "properties": {"expires": finding.acceptance.expires.isoformat()}}
        ]  # fmt: skip
    return result


def order_of(finding: Finding, matter: str, division: str) -> dict[str, Any]:
    """Return a finding as the intake of a work order of some matter."""
    spec = specs()[finding.check]
    text = f"巡检项 {finding.check} {spec.title_zh}，对象 {finding.target}：{finding.locus}，{finding.what}。建议：{spec.remedy_zh}。"
    title = f"巡检问题 {finding.check} {spec.title_zh}"
    return {"matter": matter, "division": division, "title": title, "description": f"{text} [{finding.fingerprint}]"}
