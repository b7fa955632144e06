"""The journal of inspections, folded into findings: the same entries give the same state, however often they are read.

A finding closes only where its own check ran without error at its own target and no longer sees it. A target that is
missing from a run, an error or an old feed closes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from yiwang.inspections.fingerprints import fingerprint
from yiwang.model.inspection import Acceptance, Fault, Finding, FindingState, Ledger, Result, Verdict

RAN = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.MANUAL_PENDING})
JUDGED = frozenset({Verdict.PASS, Verdict.FAIL})
Findings = dict[str, Finding]


def fold(entries: Iterable[Mapping[str, Any]], now: datetime) -> Ledger:
    """Return everything that follows from the journal; an acceptance that has ended is open again."""
    findings: Findings = {}
    newest: dict[tuple[str, str], Result] = {}
    last: dict[tuple[str, str], datetime] = {}
    runs, head = 0, ""
    for entry in entries:
        at, body, head = datetime.fromisoformat(entry["at"]), entry["body"], entry["digest"]
        if entry["kind"] != "run":
            _apply(findings, entry["kind"], body)
            continue
        runs += 1
        for result in map(result_of, body["results"]):
            newest[result.check, result.target] = result
            if result.verdict in RAN:
                last[result.check, result.target] = at
            take(findings, result, at)
    standing = {name: _ended(finding, now) for name, finding in findings.items()}
    return Ledger(findings=standing, results=tuple(newest.values()), last_run=last, runs=runs, head=head)


def take(findings: Findings, result: Result, at: datetime) -> None:
    """Take one result up; results without a judgement change nothing."""
    if result.verdict not in JUDGED:
        return
    seen = {fingerprint(result.check, result.target, fault.locus): fault for fault in result.faults}
    for name, fault in seen.items():
        findings[name] = _seen(findings.get(name), name, result, fault, at)
    for name, finding in findings.items():
        if (finding.check, finding.target) == (result.check, result.target) and name not in seen:
            findings[name] = replace(finding, state=FindingState.CLOSED, acceptance=None)


def _seen(known: Finding | None, name: str, result: Result, fault: Fault, at: datetime) -> Finding:
    if known is None:
        return Finding(name, result.check, result.target, fault.locus, fault.what, FindingState.OPEN, at, at)
    again = known.state in (FindingState.CLOSED, FindingState.FIXED)
    return replace(
        known, what=fault.what, last_seen=at, reopened=known.reopened + again,
        state=FindingState.OPEN if again else known.state, order="" if known.state is FindingState.CLOSED else known.order,
    )  # fmt: skip


def _apply(findings: Findings, kind: str, body: Mapping[str, Any]) -> None:
    """Take up what a person did with a finding."""
    finding = findings[body["fingerprint"]]
    if kind == "accept":
        until = Acceptance(body["owner"], body["approver"], body["reason"], datetime.fromisoformat(body["expires"]))
        findings[finding.fingerprint] = replace(finding, state=FindingState.ACCEPTED, acceptance=until)
    elif kind == "fixed":
        findings[finding.fingerprint] = replace(finding, state=FindingState.FIXED, acceptance=None)
    elif kind == "order":
        findings[finding.fingerprint] = replace(finding, order=body["order"])


def _ended(finding: Finding, now: datetime) -> Finding:
    """An acceptance ends by itself."""
    if finding.acceptance is None or finding.acceptance.expires > now:
        return finding
    return replace(finding, state=FindingState.OPEN, acceptance=None)


def result_of(row: Mapping[str, Any]) -> Result:
    """Return a result as the journal keeps it."""
    faults = tuple(Fault(**fault) for fault in row["faults"])
    return Result(**{**row, "verdict": Verdict(row["verdict"]), "faults": faults})
