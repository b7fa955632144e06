"""Whatever sequence of grants delegated administrators try, nobody ends up beyond what the first of the row held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang_services.management.delegation import Holding, RightScope, covers, may_pass_on, missing

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PARENTS = {1: None, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 4}
"""1 government; 2 and 3 bureaus; 4 the government of a town below 2, with 7 below it; 5 and 6 teams."""
SERVES = {1: "441721", 2: "441721", 3: "441721", 4: "441721100", 5: "441721", 6: "441721", 7: "441721100101"}
DIVISIONS = {"441721": None, "441721100": "441721", "441721100101": "441721100", "441721101": "441721"}
STANDS = {"441721": {1}, "441721100": {4}, "441721100101": {7}}
PERMISSIONS = ("read", "dispose", "grant")
UNITS, CODES = sorted(PARENTS), sorted(DIVISIONS)


class Tree:
    """An organisation by plain walking."""

    def unit_within(self, unit: UUID, above: UUID) -> bool:
        return above.int in unit_way(unit.int)

    def division_within(self, division: str, above: str) -> bool:
        return above in division_way(division)

    def stands_for(self, unit: UUID, division: str) -> bool:
        stand = [STANDS[code] for code in division_way(division) if code in STANDS]
        return any(all(unit.int in unit_way(one) for one in ones) for ones in stand)


def unit_way(unit: int) -> list[int]:
    """A unit and those above it."""
    way, at = [], unit
    while at is not None:
        way.append(at)
        at = PARENTS[at]
    return way


def division_way(code: str) -> list[str]:
    """A division and those above it."""
    way, at = [], code
    while at is not None:
        way.append(at)
        at = DIVISIONS[at]
    return way


def reach(scope: RightScope) -> set[tuple[int, str]]:
    """Every meeting of a unit and a division that a right over this scope is good for."""
    return {
        (unit, code) for unit in UNITS for code in CODES
        if (scope.unit is None or scope.unit.int in unit_way(unit))
        and (scope.division is None or scope.division in division_way(code))
    }  # fmt: skip


def inside(start: int, scope: RightScope) -> bool:
    """Whether a scope lies in a unit's subtree, or is of a division whose every government lies there."""
    below = scope.unit is not None and start in unit_way(scope.unit.int)
    return below or (scope.division is not None and Tree().stands_for(UUID(int=start), scope.division))


scopes = st.builds(
    RightScope, st.none() | st.sampled_from([UUID(int=n) for n in UNITS]), st.none() | st.sampled_from(CODES)
)
ends = st.none() | st.integers(1, 5).map(lambda days: NOW + timedelta(days=days))
tries = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from(PERMISSIONS), scopes, ends), max_size=40
)


@settings(max_examples=100, deadline=None)
@given(start=st.sampled_from([2, 3, 4]), end=ends, attempts=tries)
def test_no_sequence_of_grants_leaves_the_first_administrators_subtree_term_or_permissions(
    start: int, end: datetime | None, attempts: list[tuple[int, int, str, RightScope, datetime | None]]
) -> None:
    tree, first = Tree(), RightScope(unit=UUID(int=start))
    held: list[list[Holding]] = [[] for _ in range(5)]
    held[0] = [Holding(name, first, end) for name in ("read", "grant")]
    for giver, taker, permission, scope, until in attempts:
        if giver != taker and not missing(tree, held[giver], ["grant", permission], scope, until):
            held[taker].append(Holding(permission, scope, until))
    for holding in (item for person in held for item in person):
        assert holding.permission != "dispose"
        assert end is None or (holding.expires_at is not None and holding.expires_at <= end)
        assert inside(start, holding.scope)


@settings(max_examples=100, deadline=None)
@given(wide=scopes, narrow=scopes)
def test_a_scope_that_covers_another_reaches_all_of_it_or_stands_for_its_division(
    wide: RightScope, narrow: RightScope
) -> None:
    if covers(Tree(), wide, narrow):
        stands = wide.unit is not None and narrow.division is not None and Tree().stands_for(wide.unit, narrow.division)
        assert stands or reach(narrow) <= reach(wide)


@settings(max_examples=100, deadline=None)
@given(wide=scopes, middle=scopes, narrow=scopes)
def test_covering_is_transitive_so_a_chain_of_grants_reaches_no_farther_than_one(
    wide: RightScope, middle: RightScope, narrow: RightScope
) -> None:
    if covers(Tree(), wide, middle) and covers(Tree(), middle, narrow):
        assert covers(Tree(), wide, narrow)


@pytest.mark.parametrize(
    ("unit", "division", "may"),
    [(1, "441721", True), (2, "441721", False), (2, "441721100", True), (4, "441721100", True), (3, "441721100", False),
     (7, "441721100101", True), (5, "441721", False), (4, "441721101", False), (1, "441721101", True)],
)  # fmt: skip
def test_a_unit_covers_a_division_where_all_that_stand_for_it_lie_below(unit: int, division: str, may: bool) -> None:
    held = [Holding("read", RightScope(unit=UUID(int=unit)))]
    assert may_pass_on(Tree(), held, "read", RightScope(division=division)) is may


def test_nothing_covers_everything_and_everything_is_no_scope() -> None:
    assert not covers(Tree(), RightScope(), RightScope(unit=UUID(int=1)))
    assert not covers(Tree(), RightScope(unit=UUID(int=1)), RightScope())
