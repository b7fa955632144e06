"""The few forms that judgements share."""

from __future__ import annotations

from collections.abc import Iterable

from yiwang.model.inspection import Fault, Judgement, Verdict


def by_faults(faults: Iterable[Fault], looked_at: str) -> Judgement:
    """Return fail where there is a fault, pass otherwise; say what was looked at."""
    found = tuple(faults)
    if found:
        return Judgement(Verdict.FAIL, f"{len(found)} 个问题 / faults · {looked_at}", found)
    return Judgement(Verdict.PASS, looked_at)
