"""The one table of what can happen to an order, held against what must be true of any such table."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_services.collaboration import book, domain
from yiwang_services.collaboration import transitions as t
from yiwang_services.collaboration.effects import EFFECTS
from yiwang_services.management.domain import ROLES

ALL = {row.action: row for row in t.TRANSITIONS}


def reachable_from(start: str) -> set[str]:
    """Every state that some row leads to, step by step."""
    found, frontier = {start}, [start]
    while frontier:
        here = frontier.pop()
        following = {row.target or here for row in t.TRANSITIONS if here in row.sources} - found
        found |= following
        frontier.extend(following)
    return found


def test_every_state_can_be_reached_and_no_other_is_named() -> None:
    assert reachable_from(t.START) == set(t.STATES)
    assert {state for row in t.TRANSITIONS for state in (*row.sources, row.target)} - {t.SAME} == set(t.STATES)


def leaving(state: str) -> set[str]:
    """The actions by which an order leaves a state."""
    return {row.action for row in t.TRANSITIONS if state in row.sources and row.target not in (t.SAME, state)}


def test_closed_is_the_only_end_left_by_reopening_or_unmerging_alone_and_every_state_leads_to_it() -> None:
    assert {frozenset({t.CLOSED})} == {t.TERMINAL}
    assert leaving(t.CLOSED) == {"reopen", "unmerge"}
    assert all(leaving(state) - {"reopen", "unmerge"} for state in t.STATES if state != t.CLOSED)
    assert all(t.CLOSED in reachable_from(state) for state in t.STATES)


def test_people_alone_can_always_go_on_except_while_an_order_travels() -> None:
    stuck = {s for s in t.STATES if not any(s in row.sources for row in t.offered())}
    assert stuck == {t.HANDED_OVER}


def test_every_mark_that_a_row_names_can_be_explained() -> None:
    rows = [row for row in t.TRANSITIONS if row.needs or row.bars]
    assert {mark for row in rows for mark in (row.needs, *row.bars)} - {""} <= set(t.MARKS)
    assert all(t.MARKS[row.needs][2] and t.MARKS[row.needs][3] for row in rows if row.needs)


def test_what_an_action_changes_beside_the_state_belongs_to_a_row_of_the_table() -> None:
    assert set(EFFECTS) <= set(ALL)
    changing_nothing = {row.action for row in t.offered() if row.stays} - set(EFFECTS)
    assert changing_nothing == set()


@pytest.mark.parametrize(
    ("action", "state", "mark"),
    [
        ("dispose", t.DISPOSING, t.SUSPENDED),
        ("dispose", t.DISPOSING, t.ASSIST_OPEN),
        ("return", t.DISPOSING, t.ARBITRATED),
        ("dispatch", t.RETURNED, t.ARBITRATING),
        ("urge", t.DISPOSING, t.JUST_URGED),
        ("reopen", t.CLOSED, t.REOPEN_OVER),
        ("reopen", t.CLOSED, t.MERGED),
        ("merge", t.ACCEPTED, t.HAS_STORY),
        ("request_extension", t.DISPOSING, t.EXTENSION_ASKED),
    ],
)
def test_what_an_order_carries_stands_in_the_way(action: str, state: str, mark: str) -> None:
    free, carrying = standing(state), standing(state, marks=frozenset({mark}))
    assert domain.refusal(ALL[action], free, lambda _: True) is None
    refused = domain.refusal(ALL[action], carrying, lambda _: True)
    assert refused is not None
    assert refused.why == " / ".join(t.MARKS[mark][:2])


def test_no_mark_shuts_an_order_in() -> None:
    worked_on, returned = {t.DISPATCHED, t.DISPOSING}, {t.RETURNED}
    only = {t.SUSPENDED: worked_on, t.EXTENSION_ASKED: worked_on, t.ASSIST_OPEN: {t.DISPOSING}, t.ARBITRATING: returned}
    for mark in t.MARKS:
        for state in only.get(mark, set(t.STATES) - {t.CLOSED, t.HANDED_OVER}):
            carrying = standing(state, marks=frozenset({mark}))
            left = [row for row in t.offered() if row.target and domain.refusal(row, carrying, lambda _: True) is None]
            takes_away = [row for row in t.offered() if row.needs == mark and state in row.sources]
            assert left or takes_away, (mark, state)
    pending = standing(t.RETURNED, marks=frozenset({t.ARBITRATING}))
    ways = {row.action for row in t.offered() if row.target and domain.refusal(row, pending, lambda _: True) is None}
    assert ways == {"arbitrate"}


@pytest.mark.parametrize("row", [row for row in t.offered() if row.needs], ids=lambda row: row.action)
def test_what_needs_a_mark_is_refused_without_it(row: t.Transition) -> None:
    state = min(row.sources)
    assert domain.refusal(row, standing(state), lambda _: True) is not None
    assert domain.refusal(row, standing(state, marks=frozenset({row.needs})), lambda _: True) is None


@pytest.mark.parametrize("row", t.TRANSITIONS, ids=lambda row: row.action)
def test_every_row_has_a_permission_and_titles_in_two_languages(row: t.Transition) -> None:
    assert row.permission.startswith("collaboration.order.")
    assert row.title_zh != row.title_en
    assert all(field.label_zh and field.label_en and field.label_zh != field.label_en for field in row.fields)


@pytest.mark.parametrize("row", t.offered(), ids=lambda row: row.action)
def test_every_permission_of_the_table_is_held_by_some_role(row: t.Transition) -> None:
    assert any(row.permission in role.permissions for role in ROLES)


def test_no_role_may_receive_because_only_messages_do() -> None:
    assert not any(t.RECEIVE in role.permissions for role in ROLES)
    told = {"joined", "left", "main_closed", "recompute"}
    assert {row.action for row in t.TRANSITIONS if row.system} == set(t.RECEIVED_BY.values()) | told


def test_what_leaves_a_site_arrives_in_a_state_that_somebody_receives() -> None:
    sending = [row for row in t.TRANSITIONS if row.sends]
    assert all(row.target == t.HANDED_OVER and row.arrives_as in t.RECEIVED_BY for row in sending)
    assert all(ALL[t.RECEIVED_BY[row.arrives_as]].target == row.arrives_as for row in sending)
    assert all(row.note_required for row in sending)


def test_what_goes_against_somebody_needs_a_note() -> None:
    assert all(ALL[name].note_required for name in ("decline", "return", "rework", "transfer", "hand_back", "dispose"))


def test_actions_have_names_of_their_own() -> None:
    assert len(ALL) == len(t.TRANSITIONS)


def standing(state: str, *, here: bool = True, route: tuple[str, ...] = (), ends: bool = True,
             marks: frozenset[str] = frozenset()) -> domain.Standing:  # fmt: skip
    return domain.Standing(state, here, "441700", route, has_parent=ends, has_children=ends, marks=marks)


@given(st.lists(st.sampled_from([row.action for row in t.TRANSITIONS]), max_size=40))
def test_whatever_people_try_an_order_stays_inside_the_table(actions: list[str]) -> None:
    state, trail = t.START, []
    for action in actions:
        row = ALL[action]
        if domain.refusal(row, standing(state, route=("441721",)), lambda _: True) is None:
            assert state in row.sources
            assert not row.system
            trail.append((state, row.action))
            state = row.target or state
            if state == t.HANDED_OVER:  # the other site receives
                state = row.arrives_as
    assert state in t.STATES
    assert {action for before, action in trail if before == t.CLOSED} <= {"reopen", "call_back"}


@given(st.sampled_from(sorted(t.STATES)), st.sampled_from(t.offered()))
def test_without_the_right_or_the_order_nothing_is_possible(state: str, row: t.Transition) -> None:
    assert domain.refusal(row, standing(state), lambda _: False) is not None
    elsewhere = domain.refusal(row, standing(state, here=False), lambda _: True)
    assert elsewhere is not None
    assert "441700" in elsewhere.why


@pytest.mark.parametrize(
    ("action", "state"), [("hand_up", t.ACCEPTED), ("hand_down", t.ACCEPTED), ("hand_back", t.DISPOSED)]
)
def test_an_order_cannot_be_sent_where_nothing_is(action: str, state: str) -> None:
    refused = domain.refusal(ALL[action], standing(state, ends=False), lambda _: True)
    assert refused is not None
    assert refused.kind == "conflict"


def test_an_action_of_a_newer_release_is_shown_by_its_name() -> None:
    assert t.titles("teleport") == ("teleport", "teleport")


def test_the_page_of_states_and_actions_says_what_the_table_says() -> None:
    committed = (Path(__file__).parents[3] / "docs/reference/order-states.md").read_text(encoding="utf-8")
    assert committed == book.page(), (
        "run: python -m yiwang_services.collaboration.book > docs/reference/order-states.md"
    )
