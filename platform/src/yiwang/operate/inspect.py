"""Inspect: run what is due, keep what was found, let people accept, retest and hand a finding over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from yiwang.adapters.inspection_journal import InspectionJournal
from yiwang.adapters.probes.runner import observe
from yiwang.definition.checks import ACCEPTANCE_DAYS, checks
from yiwang.errors import Refused
from yiwang.inspections.judging import judge
from yiwang.inspections.lifecycle import fold
from yiwang.inspections.schedule import Planned, plan
from yiwang.model.inspection import CheckSpec, Finding, FindingState, Ledger, Observation, Result, Target, Verdict

Say = Callable[[str], None]
GREEN = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


@dataclass(frozen=True)
class Inspected:
    """One thing that can be inspected, and what its probes must know of it. 巡检对象。"""

    target: Target
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Inspection:
    """The inspections of one workspace on this machine. 巡检。"""

    journal: InspectionJournal
    targets: Sequence[Inspected]

    def ledger(self, now: datetime | None = None) -> Ledger:
        """Return what follows from the journal."""
        return fold(self.journal.entries(), now or moment())

    def plan(self, now: datetime | None = None) -> tuple[Planned, ...]:
        """Return every check at every target, with its time."""
        at = now or moment()
        return plan(checks(), [item.target for item in self.targets], self.ledger(at).last_run, at)

    def run(
        self, *, only: Sequence[str] = (), at: Sequence[str] = (), due: bool = False, say: Say = print
    ) -> tuple[Result, ...]:
        """Run checks, write one entry with every result, and return them. Raises Refused where nothing matches."""
        chosen = [
            item for item in self.plan() if (not only or item.check.id in only) and (not at or item.target.id in at)
        ]
        if not chosen:
            raise Refused(
                rule=f"没有匹配的巡检项 / no check matches {' '.join([*only, *at])}", who="", next="yiwang inspect plan"
            )
        if due:
            chosen = [item for item in chosen if item.is_due(moment())]
        results = self._observe(chosen, say)
        if results:
            self.journal.append("run", {"results": [asdict(result) for result in results]}, moment())
        return results

    def _observe(self, chosen: Iterable[Planned], say: Say) -> tuple[Result, ...]:
        """Probe and judge; checks of one probe at one target share its facts."""
        about = {item.target.id: item.about for item in self.targets}
        seen: dict[tuple[str, str], Observation] = {}
        results = []
        for item in chosen:
            key = (item.check.probe, item.target.id)
            if key not in seen:
                seen[key] = observe(item.check.probe, about[item.target.id], item.check.seconds)
            results.append(judge(item.check, item.target, seen[key], moment()))
            say(f"{item.check.id} {item.target.id} {results[-1].verdict.value}")
        return tuple(results)

    def finding(self, name: str) -> Finding:
        """Return a finding by its fingerprint or the beginning of it. Raises Refused."""
        found = [finding for key, finding in self.ledger().findings.items() if key.startswith(name)]
        if len(found) != 1:
            said = "没有 / no" if not found else "不止一个 / more than one"
            raise Refused(rule=f"{said} finding {name}", who="", next="yiwang inspect findings")
        return found[0]

    def accept(self, name: str, owner: str, approver: str, reason: str, days: int) -> Finding:
        """Accept a risk for some days. Raises Refused."""
        finding = self.finding(name)
        acceptable(finding, owner, approver, reason, days)
        body = {"fingerprint": finding.fingerprint, "owner": owner, "approver": approver, "reason": reason,
                "expires": (moment() + timedelta(days=days)).isoformat()}  # fmt: skip
        self.journal.append("accept", body, moment())
        return self.finding(finding.fingerprint)

    def retest(self, name: str, say: Say) -> Finding:
        """Say that a finding is fixed and let its own check look again at its own target."""
        finding = self.finding(name)
        if finding.state is not FindingState.CLOSED:
            self.journal.append("fixed", {"fingerprint": finding.fingerprint}, moment())
        self.run(only=[finding.check], at=[finding.target], say=say)
        return self.finding(finding.fingerprint)

    def ordered(self, finding: Finding, order: str) -> None:
        """Write down which work order a finding became."""
        self.journal.append("order", {"fingerprint": finding.fingerprint, "order": order}, moment())


def acceptable(finding: Finding, owner: str, approver: str, reason: str, days: int) -> None:
    """Refuse an acceptance that nobody else approved, that says nothing, or that has no near end."""
    following = "yiwang inspect accept FINGERPRINT --owner NAME --approver NAME --reason TEXT --days 30"
    if not (owner.strip() and approver.strip() and reason.strip()):
        raise Refused(
            rule="责任人、批准人与理由缺一不可 / owner, approver and reason are needed", who="", next=following
        )
    if owner.strip() == approver.strip():
        raise Refused(
            rule="责任人不得自批 / the owner may not approve it", who="另一人 / somebody else", next=following
        )
    if not 1 <= days <= ACCEPTANCE_DAYS:
        raise Refused(
            rule=f"期限 1–{ACCEPTANCE_DAYS} 天 / between 1 and {ACCEPTANCE_DAYS} days", who="", next=following
        )
    if finding.state is FindingState.CLOSED:
        raise Refused(rule="已关闭，无需接受 / it is closed", who="", next="yiwang inspect findings")


def green(results: Iterable[Result], open_findings: Iterable[Finding]) -> bool:
    """Whether nothing failed, nothing is unknown and nothing is open; an accepted fault does not stand in the way."""
    accepted = all(finding.state is not FindingState.OPEN for finding in open_findings)
    return accepted and all(result.verdict in GREEN or result.verdict is Verdict.FAIL for result in results)


def of(check: str) -> CheckSpec:
    """Return a check by its id."""
    return next(spec for spec in checks() if spec.id == check)


def moment() -> datetime:
    """Return now."""
    return datetime.now(UTC)
