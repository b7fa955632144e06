"""Facts become a verdict: one pure function a check; whatever is not understood is an error, never a pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from yiwang.inspections import code, database, host, service
from yiwang.inspections.fingerprints import evidence_of
from yiwang.model.inspection import CheckSpec, Facts, Judgement, Observation, Result, Target, Verdict

Judge = Callable[[Facts, datetime], Judgement]
JUDGES: Mapping[str, Judge] = {**host.JUDGES, **database.JUDGES, **service.JUDGES, **code.JUDGES}


def judge(check: CheckSpec, target: Target, observed: Observation, now: datetime) -> Result:
    """Return one result; a probe without facts, or with facts of another shape, is 未完成 error."""
    try:
        evidence = evidence_of(observed.facts)
    except ValueError:
        observed, evidence = (
            Observation(None, "事实不是文本 / facts that cannot be written down", observed.milliseconds),
            "",
        )
    said = _judgement(check, observed, now)
    return Result(
        check=check.id, revision=check.revision, target=target.id, verdict=said.verdict, summary=said.summary,
        faults=said.faults, evidence=evidence, milliseconds=observed.milliseconds,
    )  # fmt: skip


def _judgement(check: CheckSpec, observed: Observation, now: datetime) -> Judgement:
    if observed.facts is None:
        return Judgement(Verdict.ERROR, observed.error or "探针没有事实 / the probe brought no facts")
    if reason := observed.facts.get("not_applicable"):
        return Judgement(Verdict.NOT_APPLICABLE, str(reason))
    try:
        return JUDGES[check.id](observed.facts, now)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Judgement(Verdict.ERROR, f"事实不完整 / facts of another shape: {type(error).__name__} {error}")
