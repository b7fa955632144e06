"""The decision core: (state, event, now) → (state, orders).

Everything that a rollout may do is decided here and nowhere else. Three rules carry the rest:

- a site is started only if, were every site in flight to fail, the failed budget would be exceeded by at most one;
- silence is not failure: an unreachable site has its own budget, which pauses and never rolls back;
- a parent that has proved the new release goes back only after its children have, because they may depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from yiwang.model import rollout as m
from yiwang.model.rollout import Order, RolloutState, RolloutStatus, SiteState
from yiwang.rollouts import rollback
from yiwang.rollouts.draft import Draft
from yiwang.rollouts.planning import initial
from yiwang.rollouts.windows import is_open

MOVING = (RolloutStatus.RUNNING, RolloutStatus.SOAKING, RolloutStatus.CATCHING_UP)
UNSETTLED = (SiteState.PENDING, SiteState.APPLYING, SiteState.REVERTING)


def decide(state: RolloutState, event: m.Event, now: datetime) -> tuple[RolloutState, tuple[Order, ...]]:
    """Return what a rollout becomes through an event, and what sites are told because of it."""
    if state.finished():
        return state, ()
    draft = Draft(state, now)
    HANDLERS[type(event)](draft, event)
    _advance(draft)
    return draft.freeze(), tuple(draft.orders)


def replay(plan: m.RolloutPlan, entries: Iterable[m.JournalEntry]) -> RolloutState:
    """Return the state that a journal leads to."""
    state = initial(plan)
    for entry in entries:
        state, _ = decide(state, entry.event, entry.at)
    return state


def _started(draft: Draft, _event: m.Started) -> None:
    if draft.status is RolloutStatus.PLANNED:
        draft.enter(RolloutStatus.RUNNING)


def _approved(draft: Draft, event: m.Approved) -> None:
    already = draft.approvals.get(event.wave, ())
    if event.by not in already:
        draft.approvals[event.wave] = (*already, event.by)


def _paused(draft: Draft, event: m.Paused) -> None:
    if draft.status in (*MOVING, RolloutStatus.AWAITING_APPROVAL):
        draft.resume_to = draft.status
        draft.enter(RolloutStatus.PAUSED, event.reason)


def _resumed(draft: Draft, _event: m.Resumed) -> None:
    if draft.status is RolloutStatus.PAUSED:
        draft.unreachable_allowance = _unreachable(draft)
        draft.enter(draft.resume_to or RolloutStatus.RUNNING)
        draft.resume_to = None


def _aborted(draft: Draft, event: m.Aborted) -> None:
    if draft.status is RolloutStatus.ROLLING_BACK:
        return
    wanted = RolloutStatus.ROLLING_BACK if event.roll_back else RolloutStatus.ABORTING
    draft.enter(wanted, event.reason or "人工中止 / aborted by a person")


def _proven(draft: Draft, event: m.Proven) -> None:
    progress = draft.sites.get(event.site)
    if progress is None or event.generation != progress.generation or not progress.assigned:
        return
    if progress.state in (SiteState.REVERTING, SiteState.STUCK):
        rollback.judge(draft, event)
    elif event.healthy and event.release == draft.plan.release:
        _healthy(draft, event.site)
    elif progress.state in (SiteState.APPLYING, SiteState.HEALTHY, SiteState.UNREACHABLE):
        wrong = f"运行的是 {event.release} / it runs {event.release}"
        _fail(draft, event.site, event.reason or wrong)


def _healthy(draft: Draft, site: str) -> None:
    if draft.is_in(site, SiteState.APPLYING, SiteState.UNREACHABLE, SiteState.FAILED):
        draft.move(site, SiteState.HEALTHY, proven=True, reachable=True)


def _failed(draft: Draft, event: m.Failed) -> None:
    progress = draft.sites.get(event.site)
    if progress is None or event.generation != progress.generation:
        return
    if progress.state is SiteState.REVERTING:
        draft.move(event.site, SiteState.STUCK, event.reason)
    elif progress.state in (SiteState.APPLYING, SiteState.UNREACHABLE, SiteState.HEALTHY):
        _fail(draft, event.site, event.reason)


def _fail(draft: Draft, site: str, reason: str) -> None:
    draft.move(site, SiteState.FAILED, reason, failed=True)


def _lost(draft: Draft, event: m.Lost) -> None:
    if event.site not in draft.sites:
        return
    draft.change(event.site, reachable=False)
    if draft.is_in(event.site, SiteState.APPLYING):
        draft.move(event.site, SiteState.UNREACHABLE, "更新中失联 / fell silent while changing")


def _seen(draft: Draft, event: m.Seen) -> None:
    if event.site not in draft.sites:
        return
    draft.change(event.site, reachable=True)
    if draft.is_in(event.site, SiteState.UNREACHABLE):
        draft.move(event.site, SiteState.APPLYING if draft.sites[event.site].assigned else SiteState.PENDING)


def _left(draft: Draft, event: m.Left) -> None:
    if event.site in draft.sites:
        draft.move(event.site, SiteState.LEFT, "已退出站点树 / left the tree")


def _holds_changed(draft: Draft, event: m.HoldsChanged) -> None:
    draft.holds = dict(event.holds)
    for site in [site for site in draft.sites if draft.is_in(site, SiteState.HELD) and site not in event.holds]:
        draft.move(site, SiteState.PENDING)


def _ticked(_draft: Draft, _event: m.Ticked) -> None:
    """Only time passed; what follows from it is worked out by `_advance`."""


HANDLERS: dict[type, Callable[[Draft, Any], None]] = {
    m.Started: _started, m.Approved: _approved, m.Paused: _paused, m.Resumed: _resumed, m.Aborted: _aborted,
    m.Proven: _proven, m.Failed: _failed, m.Lost: _lost, m.Seen: _seen, m.Left: _left,
    m.HoldsChanged: _holds_changed, m.Ticked: _ticked,
}  # fmt: skip


def _advance(draft: Draft) -> None:
    """Carry the rollout as far as it goes at this moment."""
    if draft.status is RolloutStatus.PLANNED:
        return
    _time_out(draft)
    _check_budgets(draft)
    rollback.revert_failed(draft)
    steps = len(draft.plan.waves) + len(RolloutStatus)
    for _ in range(steps):
        before = (draft.status, draft.wave)
        STEPS.get(draft.status, _stay)(draft)
        if (draft.status, draft.wave) == before:
            return


def _stay(_draft: Draft) -> None:
    """Planned, paused and finished rollouts go nowhere by themselves."""


def _time_out(draft: Draft) -> None:
    """A site in contact that proved nothing in time has failed; one that can't go back in time is stuck."""
    policy = draft.plan.policy
    for site, progress in list(draft.sites.items()):
        if progress.state is SiteState.APPLYING and draft.older_than(progress.since, policy.apply_seconds):
            _fail(draft, site, f"{policy.apply_seconds} 秒内未证明 / proved nothing in {policy.apply_seconds} s")
        if progress.state is SiteState.REVERTING and draft.older_than(progress.since, policy.rollback_seconds):
            draft.move(site, SiteState.STUCK, "回退超时 / did not go back in time")


def _check_budgets(draft: Draft) -> None:
    """Too many failures send the rollout back; too much silence pauses it."""
    if draft.status is RolloutStatus.ROLLING_BACK:
        return
    if exceeded := _exceeded(draft):
        draft.enter(RolloutStatus.ROLLING_BACK, exceeded)
        return
    allowed = max(draft.plan.policy.unreachable_budget, draft.unreachable_allowance)
    if draft.status in (RolloutStatus.RUNNING, RolloutStatus.SOAKING) and _unreachable(draft) > allowed:
        _paused(draft, m.Paused(reason=f"失联站点超过 {allowed} 个 / more than {allowed} sites are silent"))


def _exceeded(draft: Draft) -> str | None:
    """Return which failed budget is exceeded, or None."""
    total, budget = draft.failures(), draft.plan.policy.failed_budget
    if total > budget:
        return f"失败 {total} 个，预算 {budget} / {total} failed, {budget} tolerated"
    for wave in draft.plan.waves:
        failed = draft.failures(wave.sites)
        if wave.failed_budget is not None and failed > wave.failed_budget:
            return f"批次 {wave.name} 失败 {failed} 个 / {failed} failed in wave {wave.name}"
    return None


def _unreachable(draft: Draft) -> int:
    return sum(progress.state is SiteState.UNREACHABLE for progress in draft.sites.values())


def _run(draft: Draft) -> None:
    """Work on the current wave; a settled wave is watched before the next one."""
    wave = draft.current()
    if wave is None:
        draft.enter(RolloutStatus.CATCHING_UP)
        return
    if len(draft.approvals.get(wave.name, ())) < wave.approvals:
        draft.enter(RolloutStatus.AWAITING_APPROVAL, f"批次 {wave.name} 待批准 / wave {wave.name} awaits approval")
        return
    _start_sites(draft, wave.sites, wave)
    _check_budgets(draft)
    if draft.status is RolloutStatus.RUNNING and not _unsettled(draft, wave):
        draft.enter(RolloutStatus.SOAKING)


def _unsettled(draft: Draft, wave: m.Wave) -> bool:
    """Whether a site of a wave has still to come to its end; a failed one must first go back, if it can."""
    return any(
        draft.is_in(site, *UNSETTLED) or (draft.is_in(site, SiteState.FAILED) and draft.can_go_back(site))
        for site in wave.sites
    )


def _await_approval(draft: Draft) -> None:
    wave = draft.current()
    if wave is None or len(draft.approvals.get(wave.name, ())) >= wave.approvals:
        draft.enter(RolloutStatus.RUNNING)


def _soak(draft: Draft) -> None:
    """Watch a settled wave; a site of it that starts changing again reopens it."""
    wave = draft.current()
    if wave is not None and _unsettled(draft, wave):
        draft.enter(RolloutStatus.RUNNING)
    elif wave is None or draft.older_than(draft.since, wave.soak_seconds):
        draft.wave += 1
        draft.enter(RolloutStatus.RUNNING)


def _catch_up(draft: Draft) -> None:
    """Serve the sites that were held or silent in their wave, until all are served or time is up."""
    _start_sites(draft, tuple(draft.sites), None)
    waiting = [site for site in draft.sites if draft.is_in(site, *UNSETTLED, SiteState.HELD, SiteState.UNREACHABLE)]
    over = draft.older_than(draft.since, draft.plan.policy.catch_up_seconds)
    if not waiting or (over and not any(draft.is_in(site, *rollback.CHANGING) for site in waiting)):
        _finish(draft, RolloutStatus.COMPLETED)


def _abort(draft: Draft) -> None:
    """Let what is in flight come to its end, then stop."""
    if not any(draft.is_in(site, *rollback.CHANGING) for site in draft.sites):
        _finish(draft, RolloutStatus.ABORTED)


def _roll_back(draft: Draft) -> None:
    if (outcome := rollback.carry_on(draft)) is not None:
        _finish(draft, outcome)


def _finish(draft: Draft, status: RolloutStatus) -> None:
    """End here; whoever was not served is left behind, by name."""
    for site in [site for site in draft.sites if draft.is_in(site, *rollback.UNSERVED)]:
        draft.move(site, SiteState.LEFT_BEHIND, draft.sites[site].reason)
    draft.enter(status, draft.reason)


def _start_sites(draft: Draft, sites: tuple[str, ...], wave: m.Wave | None) -> None:
    """Start the sites that may be started now."""
    for site in sites:
        if draft.is_in(site, SiteState.PENDING) and _may_start(draft, site) and _room(draft, wave) > 0:
            draft.apply(site)


def _may_start(draft: Draft, site: str) -> bool:
    """Whether a site may be changed now; a held or silent one is set aside for the catch-up wave."""
    if site in draft.holds:
        draft.move(site, SiteState.HELD, draft.holds[site])
    elif not draft.sites[site].reachable:
        draft.move(site, SiteState.UNREACHABLE, "失联 / silent")
    else:
        return not draft.plan.policy.respect_windows or is_open(draft.plan.sites[site].windows, draft.now)
    return False


def _room(draft: Draft, wave: m.Wave | None) -> int:
    """Return how many more sites may change at once, by pacing and by what may still fail."""
    policy, flying = draft.plan.policy, draft.in_flight()
    room = min(policy.parallel, policy.failed_budget + 1 - draft.failures()) - flying
    if wave is not None and wave.failed_budget is not None:
        room = min(room, wave.failed_budget + 1 - draft.failures(wave.sites) - flying)
    return room


STEPS: dict[RolloutStatus, Callable[[Draft], None]] = {
    RolloutStatus.RUNNING: _run,
    RolloutStatus.AWAITING_APPROVAL: _await_approval,
    RolloutStatus.SOAKING: _soak,
    RolloutStatus.CATCHING_UP: _catch_up,
    RolloutStatus.ABORTING: _abort,
    RolloutStatus.ROLLING_BACK: _roll_back,
}
