"""Makes a frozen plan: who is in which wave, who is left out and why. Nothing is touched by planning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from yiwang.model.release import Manifest
from yiwang.model.rollout import PlannedSite, RolloutPlan, RolloutPolicy, RolloutState, SiteProgress, Wave, WaveRule


@dataclass(frozen=True)
class Candidate:
    """A site that may join a rollout, as the tree and the journal know it. 候选站点。"""

    site: str
    tier: str
    parent: str | None
    instance: str = "main"
    channel: str = "stable"
    windows: tuple[str, ...] = ()
    ours: bool = True
    enrolled: bool = True
    release: str | None = None
    manifest_sha256: str | None = None
    generation: int = 0
    busy: str | None = None
    """The rollout that already holds this site; a site is in one at a time."""


def make_plan(
    *, id: str, manifest: Manifest, policy: RolloutPolicy, candidates: Iterable[Candidate], now: datetime
) -> RolloutPlan:
    """Return the plan that brings a release to every candidate that may enter it."""
    ordered = sorted(candidates, key=lambda item: item.site)
    excluded = {item.site: reason for item in ordered if (reason := why_not(item, manifest))}
    joining = [item for item in ordered if item.site not in excluded]
    return RolloutPlan(
        id=id,
        release=manifest.release,
        manifest_sha256=manifest.digest(),
        created_at=now,
        policy=policy,
        sites={item.site: _planned(item) for item in joining},
        waves=_waves(policy.waves, joining),
        excluded=excluded,
    )


def why_not(candidate: Candidate, manifest: Manifest) -> str | None:
    """Return why a site can't join, or None."""
    if not candidate.ours:
        return "平台非本系统 / runs a platform of its own"
    if not candidate.enrolled:
        return "未入网 / has no agent yet"
    if candidate.busy:
        return f"已在推广 {candidate.busy} 中 / is already in rollout {candidate.busy}"
    if candidate.manifest_sha256 == manifest.digest():
        return "已是该版本 / already runs it"
    if not manifest.may_be_entered_from(candidate.release):
        return f"不能从 {candidate.release} 直接进入 / can't be entered from {candidate.release}"
    return None


def _planned(candidate: Candidate) -> PlannedSite:
    return PlannedSite(
        site=candidate.site,
        parent=candidate.parent,
        before=candidate.release,
        before_manifest_sha256=candidate.manifest_sha256,
        generation=candidate.generation,
        windows=candidate.windows,
    )


def _waves(rules: Sequence[WaveRule], joining: Sequence[Candidate]) -> tuple[Wave, ...]:
    """Give each site to the first wave that takes it; waves that took none disappear."""
    left = sorted(joining, key=lambda item: (item.channel != "pilot", item.site))
    waves = []
    for rule in rules:
        taken = [item for item in left if _takes(rule, item)][: rule.limit]
        left = [item for item in left if item not in taken]
        if taken:
            waves.append(_wave(rule, taken))
    return tuple(waves)


def _takes(rule: WaveRule, candidate: Candidate) -> bool:
    return rule.instance in (None, candidate.instance) and rule.tier in (None, candidate.tier)


def _wave(rule: WaveRule, taken: Sequence[Candidate]) -> Wave:
    sites = tuple(item.site for item in taken)
    shared = rule.model_dump(include={"name", "title_zh", "soak_seconds", "approvals", "failed_budget"})
    return Wave(sites=sites, **shared)


def initial(plan: RolloutPlan) -> RolloutState:
    """Return the state in which every rollout begins."""
    waiting = {
        site: SiteProgress(since=plan.created_at, generation=planned.generation) for site, planned in plan.sites.items()
    }
    return RolloutState(plan=plan, since=plan.created_at, sites=waiting)
