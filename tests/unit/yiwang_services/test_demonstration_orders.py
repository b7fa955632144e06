"""Invented orders: true to the rules, the same for the same seed, rougher in a storm."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_services.collaboration import transitions as t
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.demonstration import lives, outlines, rows, weather, world
from yiwang_services.collaboration.limits import Limit, Rules
from yiwang_services.collaboration.promises import Promise
from yiwang_services.packs import pack

RULES = Rules(Limit(3, "working_day"), {"accept": Limit(4, "working_hour"), "verify": Limit(2, "working_day")})
BEGUN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TOWN = world.Place("441721100", "织篢镇", (111.6, 21.7))


@given(seed=st.integers(0, 10_000), days=st.integers(0, 200))
def test_every_invented_life_follows_the_one_transition_table(seed: int, days: int) -> None:
    steps = list(lives.life(random.Random(seed), calendar(), RULES, BEGUN, BEGUN + timedelta(days=days)))
    assert steps[0].action == "register"
    for before, step in pairwise(steps):
        rule = t.BY_ACTION[step.action]
        assert before.after in rule.sources
        assert (step.before, step.after) == (before.after, rule.target)
        assert before.at < step.at <= BEGUN + timedelta(days=days)


@given(seed=st.integers(0, 10_000))
def test_an_invented_order_has_the_rows_that_its_actions_would_have_written(seed: int) -> None:
    dice = random.Random(seed)
    told = world.report(dice, [TOWN], [1.0], storm=False)
    steps = list(lives.life(dice, calendar(), RULES, BEGUN, NOW))
    where = rows.Setting("441721", "阳西县", 1, calendar())
    promised = Promise("路灯不亮", 1, "市容市政", RULES)
    made = rows.made(dice, where, 7, told, promised, rows.Unit(rows.uuid_at(dice, BEGUN), "城管局"), steps)
    assert made.order["generated"] is True
    assert made.order["number"] == "441721-20260302-1-D000007"
    assert set(made.order) == set(rows.ORDER)
    assert [entry[1] for entry in made.trace] == list(range(1, made.order["version"] + 1))
    assert len(made.stages) == len(steps) - 1, "each action ends the stage that the order was in"
    assert (made.order["closed_at"] is None) == (made.order["state"] != t.CLOSED)
    assert (made.order["unit"] is None) == (made.order["unit_name"] == "")


def test_the_same_seed_invents_the_same_order() -> None:
    def invented() -> object:
        dice = random.Random("2026 441721 5")
        return world.report(dice, [TOWN], [1.0], storm=True), rows.uuid_at(dice, BEGUN)

    assert invented() == invented()


def test_a_storm_brings_more_reports_and_most_of_them_about_water() -> None:
    sky = weather.storms(range(2026, 2027), 2026)
    wet, dry = sky[0].first, date(2026, 4, 8)
    assert weather.weight(wet, sky, calendar().works) > 2 * weather.weight(dry, sky, calendar().works)

    def flooded(*, storm: bool) -> float:
        dice = random.Random(1)
        return sum(world.report(dice, [TOWN], [1.0], storm=storm).matter == "S015" for _ in range(2000)) / 2000

    assert flooded(storm=True) > 0.2
    assert flooded(storm=False) < 0.02


def test_holidays_weekends_and_the_spring_festival_are_quieter() -> None:
    def quiet(day: date) -> float:
        return weather.weight(day, (), calendar().works)

    assert quiet(date(2026, 10, 1)) < quiet(date(2026, 10, 14)), "National Day"
    assert quiet(date(2026, 3, 8)) < quiet(date(2026, 3, 9)), "a Sunday"


def test_all_sites_stand_under_one_sky() -> None:
    assert weather.storms(range(2025, 2027), 7) == weather.storms(range(2025, 2027), 7)
    assert weather.storms(range(2025, 2027), 7) != weather.storms(range(2025, 2027), 8)


@pytest.mark.parametrize(("code", "near"), [("441721", (111.6, 21.7)), ("440106", (113.4, 23.2))])
def test_the_middle_of_a_county_lies_where_it_is(code: str, near: tuple[float, float]) -> None:
    found = outlines.middles(pack("boundaries-2023").json("guangdong.json")["detail"])[code]
    assert abs(found[0] - near[0]) < 0.3
    assert abs(found[1] - near[1]) < 0.3
