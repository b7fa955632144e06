"""What a rollout promises, told as stories under a virtual clock."""

from __future__ import annotations

from datetime import timedelta

from support.rollout_lab import NEW, OLD, START, Behaviour, Lab, make_plan
from yiwang.model import rollout as m
from yiwang.model.rollout import RolloutStatus, SiteState
from yiwang.rollouts.core import decide, replay
from yiwang.rollouts.planning import initial

THREE = {"441721": "441700", "441700": "440000", "440000": None}


def policy(**changes: object) -> m.RolloutPolicy:
    base = {
        "name": "test",
        "waves": (m.WaveRule(name="w", title_zh="批次", soak_seconds=60),),
        "respect_windows": False,
    }
    return m.RolloutPolicy(**{**base, **changes})


def test_a_healthy_release_reaches_every_site_wave_by_wave() -> None:
    lab = Lab(make_plan(policy(), THREE))
    assert lab.run().status is RolloutStatus.COMPLETED
    assert [order.site for _, order in lab.orders] == list(THREE)
    assert lab.state.in_state(SiteState.HEALTHY) == tuple(THREE)


def test_the_next_wave_waits_for_proof_and_soak() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.run()
    first, second = lab.orders[0][0], lab.orders[1][0]
    assert second - first >= timedelta(seconds=30 + 60)


def test_every_order_carries_a_higher_generation() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.run()
    assert [order.generation for _, order in lab.orders] == [4, 4, 4]


def test_a_failing_pilot_takes_the_rollout_back_and_touches_nobody_else() -> None:
    lab = Lab(make_plan(policy(), THREE), {"441721": Behaviour("fails")})
    assert lab.run().status is RolloutStatus.ROLLED_BACK
    assert {order.site for _, order in lab.orders} == {"441721"}
    assert lab.orders[-1][1].release == OLD
    assert lab.state.sites["440000"].state is SiteState.LEFT_BEHIND


def test_a_tolerated_failure_goes_back_alone_and_the_rest_goes_on() -> None:
    lab = Lab(make_plan(policy(failed_budget=1), THREE), {"441721": Behaviour("fails")})
    assert lab.run().status is RolloutStatus.COMPLETED
    assert lab.state.sites["441721"].state is SiteState.ROLLED_BACK
    assert lab.state.sites["440000"].state is SiteState.HEALTHY


def test_a_parent_goes_back_only_after_its_children() -> None:
    plan = make_plan(policy(), {"440000": None, "441700": "440000", "441721": "441700", "441702": "441700"},
                     waves=(("441721",), ("441700",), ("440000",), ("441702",)))  # fmt: skip
    lab = Lab(plan, {"441702": Behaviour("fails")})
    assert lab.run().status is RolloutStatus.ROLLED_BACK
    reverted = [order.site for _, order in lab.orders if order.action == "revert"]
    assert reverted.index("441721") < reverted.index("441700") < reverted.index("440000")


def test_a_child_that_cannot_go_back_keeps_its_parent_and_the_rollout_says_stuck() -> None:
    lab = Lab(make_plan(policy(), THREE), {"440000": Behaviour("fails"), "441721": Behaviour(revert="fails")})
    assert lab.run().status is RolloutStatus.STUCK
    assert lab.state.sites["441721"].state is SiteState.STUCK
    assert lab.state.sites["441700"].state is SiteState.HEALTHY


def test_silence_has_its_own_budget_and_pauses() -> None:
    lab = Lab(make_plan(policy(unreachable_budget=0), THREE), {"441721": Behaviour("silent")})
    lab.tell(m.Started())
    lab.tell(m.Lost(site="441721"))
    assert lab.state.status is RolloutStatus.PAUSED
    assert lab.state.failures() == 0


def test_a_silent_site_is_served_in_the_catch_up_wave() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.tell(m.Lost(site="441721"))
    lab._later(3600, m.Seen(site="441721"))
    assert lab.run().status is RolloutStatus.COMPLETED
    assert [order.site for _, order in lab.orders] == ["441700", "440000", "441721"]


def test_a_site_that_never_comes_back_is_left_behind_by_name() -> None:
    lab = Lab(make_plan(policy(catch_up_seconds=3600), THREE), {"441700": Behaviour("silent")})
    assert lab.run().status is RolloutStatus.COMPLETED
    assert lab.state.in_state(SiteState.LEFT_BEHIND) == ("441700",)


def test_a_held_site_waits_until_the_hold_is_lifted() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.tell(m.HoldsChanged(holds={"441721": "汛期 flood season"}))
    lab._later(7200, m.HoldsChanged(holds={}))
    assert lab.run().status is RolloutStatus.COMPLETED
    assert next(at for at, order in lab.orders if order.site == "441721") >= START + timedelta(hours=2)


def test_a_closed_window_is_waited_for() -> None:
    plan = make_plan(policy(respect_windows=True), {"441721": None})
    night = plan.sites["441721"].model_copy(update={"windows": ("Mon-Fri 23:00-06:00",)})
    lab = Lab(plan.model_copy(update={"sites": {"441721": night}}))
    lab.run()
    assert lab.orders[0][0] >= START + timedelta(hours=1)


def test_an_unproven_site_in_contact_fails_in_time() -> None:
    lab = Lab(make_plan(policy(apply_seconds=600), THREE), {"441721": Behaviour("never")})
    assert lab.run().status is RolloutStatus.ROLLED_BACK
    assert "600" in lab.state.reason or lab.state.sites["441721"].failed


def test_a_wave_waits_for_as_many_different_people_as_it_asks() -> None:
    rule = m.WaveRule(name="w", title_zh="批次", approvals=2)
    lab = Lab(make_plan(policy(waves=(rule,)), {"441721": None}))
    lab.tell(m.Started())
    lab.tell(m.Approved(wave="wave-0", by="chen"))
    lab.tell(m.Approved(wave="wave-0", by="chen"))
    assert lab.state.status is RolloutStatus.AWAITING_APPROVAL
    lab.tell(m.Approved(wave="wave-0", by="li"))
    assert lab.state.status is RolloutStatus.RUNNING


def test_an_abort_lets_what_is_in_flight_finish_and_starts_nothing() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.tell(m.Started())
    lab.tell(m.Aborted(reason="wrong release"))
    assert lab.state.status is RolloutStatus.ABORTING
    assert lab.run().status is RolloutStatus.ABORTED
    assert len(lab.orders) == 1


def test_an_abort_with_rollback_takes_back_what_was_moved() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.tell(m.Started())
    lab.tell(m.Aborted(roll_back=True))
    assert lab.run().status is RolloutStatus.ROLLED_BACK
    assert [order.action for _, order in lab.orders] == ["apply", "revert"]


def test_a_site_that_relapses_in_its_soak_counts_as_failed() -> None:
    rule = m.WaveRule(name="w", title_zh="批次", soak_seconds=300)
    lab = Lab(make_plan(policy(waves=(rule,)), THREE), {"441721": Behaviour("relapses")})
    assert lab.run().status is RolloutStatus.ROLLED_BACK


def test_a_report_of_an_older_generation_proves_nothing() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.tell(m.Started())
    lab.tell(m.Proven(site="441721", generation=3, release=NEW, healthy=True))
    assert lab.state.sites["441721"].state is SiteState.APPLYING


def test_a_proof_of_another_release_is_a_failure_that_says_which() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.tell(m.Started())
    lab.tell(m.Proven(site="441721", generation=4, release=OLD, healthy=True))
    assert OLD in lab.state.sites["441721"].reason


def test_a_first_installation_that_fails_stays_where_it_is() -> None:
    lab = Lab(make_plan(policy(), THREE, fresh=True), {"441721": Behaviour("fails")})
    assert lab.run().status is RolloutStatus.ROLLED_BACK
    assert lab.state.sites["441721"].state is SiteState.FAILED
    assert all(order.action == "apply" for _, order in lab.orders)


def test_replaying_the_journal_gives_the_same_state() -> None:
    lab = Lab(make_plan(policy(), THREE), {"441700": Behaviour("returns"), "440000": Behaviour("fails")})
    final = lab.run()
    assert replay(lab.plan, lab.journal) == final


def test_an_ended_rollout_hears_nothing() -> None:
    lab = Lab(make_plan(policy(), THREE))
    final = lab.run()
    again, orders = decide(final, m.Failed(site="441721", generation=4, reason="late"), lab.now)
    assert again == final
    assert orders == ()


def test_a_site_that_left_the_tree_is_never_touched() -> None:
    lab = Lab(make_plan(policy(), THREE))
    lab.tell(m.Left(site="441700"))
    lab.run()
    assert "441700" not in {order.site for _, order in lab.orders}


def test_an_unstarted_plan_touches_nothing() -> None:
    state = initial(make_plan(policy(), THREE))
    later, orders = decide(state, m.Ticked(), START + timedelta(days=9))
    assert (later, orders) == (state, ())
