"""What holds for every rollout, whatever the sites do: found by hypothesis under a virtual clock."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.rollout_lab import NEW, Behaviour, Lab, make_plan
from yiwang.model import rollout as m
from yiwang.model.rollout import RolloutStatus, SiteState
from yiwang.rollouts.core import replay

CITIES = ("440100", "441700")
COUNTIES = ("440103", "440104", "441702", "441721")
TREE: dict[str, str | None] = {
    "440000": None,
    **dict.fromkeys(CITIES, "440000"),
    **{county: f"{county[:4]}00" for county in COUNTIES},
}
OUTCOMES = st.sampled_from(["healthy", "healthy", "healthy", "fails", "never", "silent", "returns", "relapses"])
BEHAVIOURS = st.fixed_dictionaries(
    {site: st.builds(Behaviour, OUTCOMES, st.sampled_from(["healthy", "healthy", "fails", "silent", "never"]),
                     st.integers(10, 400)) for site in TREE}
)  # fmt: skip
POLICIES = st.builds(
    m.RolloutPolicy, name=st.just("any"), parallel=st.integers(1, 4), failed_budget=st.integers(0, 3),
    unreachable_budget=st.integers(0, 3), apply_seconds=st.just(900), catch_up_seconds=st.sampled_from([0, 3600]),
    rollback_seconds=st.just(1800), respect_windows=st.just(False),
    waves=st.lists(
        st.builds(m.WaveRule, name=st.just("w"), title_zh=st.just("批次"), soak_seconds=st.sampled_from([0, 120]),
                  failed_budget=st.sampled_from([None, 0, 1]), approvals=st.integers(0, 2)), min_size=1, max_size=3,
    ).map(tuple),
)  # fmt: skip


@st.composite
def labs(draw: st.DrawFn) -> Lab:
    """A rollout over the tree, its sites dealt to waves in any way."""
    order = draw(st.permutations(sorted(TREE)))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=3)))
    waves = tuple(tuple(order[a:b]) for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True))
    plan = make_plan(draw(POLICIES), TREE, fresh=draw(st.booleans()), waves=waves)
    return Lab(plan, draw(BEHAVIOURS))


quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)


@quick
@given(labs())
def test_every_rollout_ends(lab: Lab) -> None:
    assert lab.run(step=60, limit=timedelta(hours=20)).finished()


@quick
@given(labs())
def test_nothing_starts_that_could_exceed_the_budget_by_more_than_one(lab: Lab) -> None:
    lab.run(step=60, limit=timedelta(hours=20))
    budget = lab.plan.policy.failed_budget
    for state in lab.states:
        changing = [p for p in state.sites.values() if p.state is SiteState.APPLYING and p.reachable]
        returned = [p for p in state.sites.values() if p.assigned and p.state is SiteState.UNREACHABLE]
        silent = sum(b.outcome in ("returns", "silent") for b in lab.behaviours.values())
        assert len(changing) + state.failures() <= budget + 1 + max(silent, len(returned)) + _relapsed(lab)


def _relapsed(lab: Lab) -> int:
    return sum(behaviour.outcome == "relapses" for behaviour in lab.behaviours.values())


@quick
@given(labs())
def test_nothing_is_started_once_the_budget_is_exceeded(lab: Lab) -> None:
    lab.run(step=60, limit=timedelta(hours=20))
    exceeded = next((s.since for s in lab.states if s.status is RolloutStatus.ROLLING_BACK), None)
    if exceeded is not None:
        assert all(order.action == "revert" for at, order in lab.orders if at > exceeded)


@quick
@given(labs())
def test_no_site_outside_the_plan_is_touched_and_generations_only_rise(lab: Lab) -> None:
    lab.run(step=60, limit=timedelta(hours=20))
    highest: dict[str, int] = {}
    for _, order in lab.orders:
        assert order.site in lab.plan.sites
        assert order.generation > highest.get(order.site, lab.plan.sites[order.site].generation)
        highest[order.site] = order.generation


@quick
@given(labs())
def test_a_completed_rollout_is_healthy_wherever_it_does_not_say_otherwise(lab: Lab) -> None:
    state = lab.run(step=60, limit=timedelta(hours=20))
    if state.status is RolloutStatus.COMPLETED:
        settled = {SiteState.HEALTHY, SiteState.ROLLED_BACK, SiteState.LEFT_BEHIND, SiteState.FAILED, SiteState.STUCK}
        assert {progress.state for progress in state.sites.values()} <= settled


@quick
@given(labs())
def test_no_parent_that_proved_the_release_goes_back_before_its_children(lab: Lab) -> None:
    lab.run(step=60, limit=timedelta(hours=20))
    for before, after in zip(lab.states, lab.states[1:], strict=False):
        for site, progress in after.sites.items():
            started = progress.state is SiteState.REVERTING and before.sites[site].state is not SiteState.REVERTING
            if started and before.sites[site].proven:
                assert not [child for child in lab.plan.children(site) if _on_new(lab, after, child)]


def _on_new(lab: Lab, state: m.RolloutState, child: str) -> bool:
    returnable = state.sites[child].assigned and lab.plan.sites[child].before is not None
    return returnable and state.sites[child].state not in (SiteState.ROLLED_BACK, SiteState.LEFT)


@quick
@given(labs())
def test_the_journal_replays_to_the_same_state(lab: Lab) -> None:
    final = lab.run(step=60, limit=timedelta(hours=20))
    assert replay(lab.plan, lab.journal) == final


@quick
@given(labs())
def test_a_journal_survives_being_written_and_read(lab: Lab) -> None:
    lab.run(step=60, limit=timedelta(hours=20))
    stored = [entry.model_dump_json() for entry in lab.journal]
    read = [m.JournalEntry.model_validate_json(text) for text in stored]
    assert replay(m.RolloutPlan.model_validate_json(lab.plan.model_dump_json()), read) == lab.state
    assert lab.plan.release == NEW
