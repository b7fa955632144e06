"""What an inspection is made of: a check as data, the verdict on it, and the findings that live on between runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CHECK_ID = r"^(SC|VS|AT|RA|PT|DS|MV|ML)-[0-9]{2}$"
Facts = Mapping[str, Any]


class Verdict(StrEnum):
    """How a check ended at one target; only pass counts as passed. 巡检结论。"""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"
    MANUAL_PENDING = "manual_pending"
    STALE = "stale"


VERDICT_TITLES: dict[Verdict, tuple[str, str]] = {
    Verdict.PASS: ("通过", "pass"),
    Verdict.FAIL: ("不通过", "fail"),
    Verdict.ERROR: ("未完成", "error"),
    Verdict.NOT_APPLICABLE: ("不适用", "not applicable"),
    Verdict.MANUAL_PENDING: ("待人工", "manual pending"),
    Verdict.STALE: ("过期", "stale"),
}


class Severity(StrEnum):
    """How much a finding weighs. 严重程度。"""

    CRITICAL = "critical"
    HIGH = "high"


SEVERITY_TITLES: dict[Severity, tuple[str, str]] = {
    Severity.CRITICAL: ("严重", "critical"),
    Severity.HIGH: ("高", "high"),
}


class TargetKind(StrEnum):
    """What a check looks at: this machine, one site, or the release's own dependencies. 巡检对象类别。"""

    HOST = "host"
    SITE = "site"
    CODE = "code"


class CheckSpec(BaseModel):
    """One check as data: what is looked at, by which probe, for which clause. 巡检项。"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=CHECK_ID)
    revision: int = 1
    title_zh: str
    title_en: str
    target: TargetKind
    probe: str
    clauses: tuple[str, ...]
    """Paragraphs of GB/T 22239-2019 and units of GB/T 28448-2019."""
    severity: Severity
    remedy_zh: str
    remedy_en: str
    every_hours: int = 24
    seconds: float = 20.0
    """After this long the probe is killed with everything that it started; the verdict is error, never pass."""
    safety: Literal["read", "active"] = "read"

    def title(self) -> str:
        """Return both titles."""
        return f"{self.title_zh} {self.title_en}"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where: the locus is stable between runs. 问题点。"""

    locus: str
    what: str


@dataclass(frozen=True)
class Judgement:
    """What a pure judgement says about the facts of one probe. 判定。"""

    verdict: Verdict
    summary: str
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Target:
    """One thing that is inspected, by its stable id. 巡检对象。"""

    kind: TargetKind
    id: str


@dataclass(frozen=True)
class Observation:
    """What a probe brought back: facts, or why there are none. 探测结果。"""

    facts: Facts | None
    error: str = ""
    milliseconds: int = 0


@dataclass(frozen=True)
class Result:
    """One check at one target in one run. 巡检结果。"""

    check: str
    revision: int
    target: str
    verdict: Verdict
    summary: str
    faults: tuple[Fault, ...] = ()
    evidence: str = ""
    """SM3 of the facts that were judged."""
    milliseconds: int = 0


class FindingState(StrEnum):
    """Where a finding stands; only a clean retest closes it. 问题状态。"""

    OPEN = "open"
    ACCEPTED = "accepted"
    FIXED = "fixed"
    CLOSED = "closed"


STATE_TITLES: dict[FindingState, tuple[str, str]] = {
    FindingState.OPEN: ("待整改", "open"),
    FindingState.ACCEPTED: ("已接受", "accepted"),
    FindingState.FIXED: ("待复测", "fixed, to be retested"),
    FindingState.CLOSED: ("已关闭", "closed"),
}


@dataclass(frozen=True)
class Acceptance:
    """A risk that somebody owns until a day, approved by somebody else. 风险接受。"""

    owner: str
    approver: str
    reason: str
    expires: datetime


@dataclass(frozen=True)
class Finding:
    """One fault that lives on between runs, by its fingerprint. 巡检问题。"""

    fingerprint: str
    check: str
    target: str
    locus: str
    what: str
    state: FindingState
    first_seen: datetime
    last_seen: datetime
    reopened: int = 0
    acceptance: Acceptance | None = None
    order: str = ""
    """The work order that was made of it."""


@dataclass(frozen=True)
class Ledger:
    """Everything that follows from the journal of inspections. 巡检台账。"""

    findings: Mapping[str, Finding] = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    """Of the newest run of each check at each target."""
    last_run: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """When a check last ran at a target without error."""
    runs: int = 0
    head: str = ""
    """Digest of the newest entry."""
