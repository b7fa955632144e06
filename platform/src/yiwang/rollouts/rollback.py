"""Going back: which site, in which order, and when there is no more going back.

A site that never proved the new release has no dependants and goes back at once. One that did may have children that
send contracts only the new release understands, so they go back first.
"""

from __future__ import annotations

from yiwang.model.rollout import Proven, RolloutStatus, SiteState
from yiwang.rollouts.draft import Draft

CHANGING = (SiteState.APPLYING, SiteState.REVERTING)
UNSERVED = (SiteState.PENDING, SiteState.HELD, SiteState.UNREACHABLE)
BACK = (SiteState.ROLLED_BACK, SiteState.LEFT)
MAY_GO_BACK = (SiteState.APPLYING, SiteState.HEALTHY, SiteState.FAILED, SiteState.UNREACHABLE)


def judge(draft: Draft, event: Proven) -> None:
    """Take the proof of a site that was told to go back."""
    if event.healthy and event.release == draft.plan.sites[event.site].before:
        draft.move(event.site, SiteState.ROLLED_BACK, draft.sites[event.site].reason, reachable=True)
    elif draft.is_in(event.site, SiteState.REVERTING):
        draft.move(event.site, SiteState.STUCK, event.reason or f"运行的是 {event.release} / it runs {event.release}")


def revert_failed(draft: Draft) -> None:
    """Send every failed site back to what it ran before, where there is such a thing."""
    for site in [site for site in draft.sites if draft.is_in(site, SiteState.FAILED)]:
        go_back(draft, site, draft.sites[site].reason)


def go_back(draft: Draft, site: str, reason: str) -> None:
    """Send one site back, after the children that may depend on it."""
    if not draft.can_go_back(site) or not draft.is_in(site, *MAY_GO_BACK):
        return
    dependants = [child for child in draft.plan.children(site) if _depends(draft, child)]
    if draft.sites[site].proven and dependants:
        for child in dependants:
            go_back(draft, child, f"上级 {site} 回退 / its parent {site} goes back")
        _stick(draft, site, dependants)
        return
    draft.revert(site, reason)


def _stick(draft: Draft, site: str, dependants: list[str]) -> None:
    """A failed parent whose children can't go back can't either, and a person must know."""
    if draft.is_in(site, SiteState.FAILED) and all(draft.is_in(child, SiteState.STUCK) for child in dependants):
        draft.move(site, SiteState.STUCK, f"下级 {dependants} 未能回退 / its children {dependants} did not go back")


def _depends(draft: Draft, child: str) -> bool:
    """Whether a child still runs, or may run, what its parent is to leave."""
    return draft.can_go_back(child) and not draft.is_in(child, *BACK)


def carry_on(draft: Draft) -> RolloutStatus | None:
    """Send back whoever may go back now; return how the rollback ended, once it has."""
    for site in draft.sites:
        go_back(draft, site, draft.reason)
    waiting = [site for site in draft.sites if _not_back(draft, site)]
    if not waiting:
        return RolloutStatus.ROLLED_BACK
    if any(draft.is_in(site, *CHANGING) for site in waiting):
        return None
    return RolloutStatus.STUCK


def _not_back(draft: Draft, site: str) -> bool:
    """Whether a site must still come to its end: in flight, or on the new release with somewhere to return to."""
    return draft.is_in(site, *CHANGING) or (draft.can_go_back(site) and not draft.is_in(site, *BACK))
