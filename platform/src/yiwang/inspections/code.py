"""Judgements on dependencies: known vulnerabilities by a dated feed; an old feed proves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from yiwang.inspections.saying import by_faults
from yiwang.model.inspection import Facts, Fault, Judgement, Verdict

FEED_DAYS = 30


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Return what orders versions: numbers as numbers, a pre-release before its release."""
    parts = re.findall(r"[0-9]+|[a-z]+", version.lower().partition("+")[0])
    ordered = [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
    while ordered and ordered[-1] == (0, ""):
        ordered.pop()
    return (*ordered, (0, ""))


def affected(version: str, ranges: list[Mapping[str, str]]) -> bool:
    """Return whether a version lies in one of the ranges of an advisory."""
    mine = version_key(version)
    return any(
        version_key(row.get("introduced", "0")) <= mine and ("fixed" not in row or mine < version_key(row["fixed"]))
        for row in ranges
    )


def _hits(facts: Facts, ecosystem: str, versions: Mapping[str, str]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield every advisory that a version in use falls under, with the package's name and version."""
    for row in facts["advisories"]:
        version = versions.get(row["package"])
        if row["ecosystem"] == ecosystem and version is not None and affected(version, row["ranges"]):
            yield row, f"{row['package']} {version}"


def _by_feed(facts: Facts, now: datetime, faults: list[Fault]) -> Judgement:
    """A hit stands whatever the feed's age; without one an old feed is stale."""
    age = (now - datetime.fromisoformat(facts["as_of"]).replace(tzinfo=UTC)).days
    said = f"公告截至 {facts['as_of']} / feed as of"
    if not faults and age > FEED_DAYS:
        return Judgement(Verdict.STALE, f"{said}，已 {age} 天 / {age} days old")
    return by_faults(faults, said)


def packages(facts: Facts, now: datetime) -> Judgement:
    """No locked Python package falls under an advisory."""
    found = [
        Fault(f"{row['id']} {row['package']}", f"{what}: {row['id']}")
        for row, what in _hits(facts, "PyPI", facts["locked"])
    ]
    return _by_feed(facts, now, found)


def programs(facts: Facts, now: datetime) -> Judgement:
    """No engine that is a Go program falls under an advisory."""
    found = [
        Fault(f"{row['id']} {row['package']}", f"{what}: {row['id']}")
        for row, what in _hits(facts, "Go", facts["programs"])
    ]
    return _by_feed(facts, now, found)


def exploited(facts: Facts, now: datetime) -> Judgement:
    """Nothing in use is on the list of what is being exploited."""
    known = set(facts["exploited"])
    hits = [*_hits(facts, "PyPI", facts["locked"]), *_hits(facts, "Go", facts["programs"])]
    found = [
        Fault(f"{alias} {row['package']}", f"{what}: {alias} 正被利用 / is being exploited")
        for row, what in hits
        for alias in sorted(known & {row["id"], *row["aliases"]})
    ]
    return _by_feed(facts, now, found)


JUDGES = {"VS-01": packages, "VS-03": programs, "VS-05": exploited}
