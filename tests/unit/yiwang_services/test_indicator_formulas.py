"""Formulas of indicators: what is taken, what is refused and where, and what they come to."""

from __future__ import annotations

import operator
import string
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_services.indicator import algebra, domain, measures
from yiwang_services.indicator.domain import Definition
from yiwang_services.indicator.evaluation import BY_ZERO, NOTHING_BELOW, TOO_LARGE, Evaluation, Outcome
from yiwang_services.indicator.expression import (
    DEPTH_LIMIT,
    OPERATIONS_LIMIT,
    ExpressionFault,
    Figure,
    parse,
    parts,
    references,
)
from yiwang_services.indicator.measures import rows_query
from yiwang_services.indicator.periods import KINDS, Period, period_of
from yiwang_services.packs import pack

ROWS = pack("indicators-starter").json("indicators.json")
STARTER = {row["code"]: domain.read(row) for row in ROWS}
CLOSED = Definition("order.closed", "结案量", "", "count(closed)", "结案", "month", "件", "", "")
MAY = Period("month", date(2026, 5, 1))
NUMBERS = st.integers(0, 10**6)


class Counted:
    """Facts of a division with two below it, the same for every period unless said otherwise."""

    def __init__(self, numbers: dict[tuple[str, str], int], earlier: int = 0) -> None:
        self._numbers = numbers
        self._earlier = earlier

    def figure(self, figure: Figure, division: str, period: Period) -> Fraction:
        return Fraction(self._numbers.get((figure.moment, division), 0) if period == MAY else self._earlier)

    def below(self, division: str) -> Sequence[str]:
        return ("a", "b") if division == "top" else ()

    def submitted(self, code: str, rule: object, division: str, period: Period) -> Outcome | None:
        return None


def value(formula: str, facts: Counted, division: str = "top") -> Fraction | None:
    return Evaluation({}, facts).outcome(parse(formula), division, MAY).value


def refused(formula: str, unit: str = "件", **changes: str) -> ExpressionFault:
    wanted = replace(CLOSED, code="x", formula=formula, unit=unit, **changes)
    with pytest.raises(ExpressionFault) as caught:
        domain.check(wanted, {"order.closed": CLOSED})
    return caught.value


@given(st.integers(0, 99), st.integers(1, 99), st.integers(1, 99), st.sampled_from("+-*/"), st.sampled_from("+-*/"))
def test_the_four_operations_bind_as_in_arithmetic(a: int, b: int, c: int, first: str, second: str) -> None:
    do = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
    one, two, three = Fraction(a), Fraction(b), Fraction(c)
    second_first = second in "*/" and first in "+-"
    expected = do[first](one, do[second](two, three)) if second_first else do[second](do[first](one, two), three)
    assert value(f"{a} {first} {b} {second} {c}", Counted({})) == expected


@given(st.text(alphabet=string.ascii_lowercase + string.digits + ' ()+-*/,="._×÷，（）', max_size=80))
def test_any_text_is_a_tree_or_a_fault_that_says_where(text: str) -> None:
    try:
        place = len(list(parts(parse(text)))) - 1
    except ExpressionFault as fault:
        place = fault.at
    assert 0 <= place <= len(text)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_a_rate_over_divisions_is_sum_over_sum_and_never_an_average_of_rates(a: int, b: int, m: int, n: int) -> None:
    facts = Counted({("closed", "a"): a, ("closed", "b"): b, ("registered", "a"): m, ("registered", "b"): n})
    found = value("ratio(children(count(closed)), children(count(registered)))", facts)
    assert found == (Fraction(a + b, m + n) if m + n else None)


@pytest.mark.parametrize(
    ("formula", "at", "says"),
    [
        ("count(closed) +", 15, "the end"),
        ("count(closd)", 0, "registered, accepted"),
        ("count(closed, ontime)", 0, "on_time"),
        ("sum(closed, money)", 0, "bounces"),
        ("mean(closed)", 0, "count, sum, ratio"),
        ("count(closed); drop", 13, "';'"),
        ("__import__", 0, "'_'"),
        ("count(closed) + sum(closed, bounces)", 14, "件 与 次"),
        ("count(closed) + 1", 14, "件 与 1"),
        ("ratio(count(closed), sum(closed, urged))", 0, "件 与 次"),
        ("order.gone", 0, "order.gone"),
        ("x + order.closed", 0, "自身"),
        ("count(closed) / count(registered)", 0, "公式的单位是 1"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_its_place(formula: str, at: int, says: str) -> None:
    fault = refused(formula)
    assert (fault.at, says in str(fault)) == (at, True), str(fault)


def test_periods_of_different_kinds_are_refused() -> None:
    assert refused("order.closed", period="week").at == 0
    assert "时段" in str(refused("order.closed", period="week"))
    assert "no such period" in str(refused("order.closed", period="hour"))


def test_depth_length_and_operations_have_a_limit() -> None:
    for formula in ("(" * (DEPTH_LIMIT + 1) + "1", "1" + "+1" * (OPERATIONS_LIMIT + 1), "1" * 2000):
        with pytest.raises(ExpressionFault):
            parse(formula)


def test_a_circle_is_refused_with_its_way() -> None:
    standing = {"a": replace(CLOSED, code="a", formula="order.closed"), "order.closed": CLOSED}
    with pytest.raises(ExpressionFault, match=r"order\.closed → a → order\.closed"):
        domain.check(replace(CLOSED, formula="previous(a)"), standing)


def test_a_chain_of_indicators_has_a_limit_also_from_below() -> None:
    chain = {"i0": replace(CLOSED, code="i0")}
    for n in range(1, domain.CHAIN_LIMIT):
        one = replace(CLOSED, code=f"i{n}", formula=f"i{n - 1}")
        domain.check(one, chain)
        chain[one.code] = one
    with pytest.raises(ExpressionFault, match="more than"):
        domain.check(replace(CLOSED, code="more", formula=f"i{domain.CHAIN_LIMIT - 1}"), chain)
    with pytest.raises(ExpressionFault, match="too many"):
        domain.check(replace(CLOSED, code="i0", formula="order.closed"), {**chain, "order.closed": CLOSED})


def test_a_change_that_would_break_another_indicator_is_refused_and_names_it() -> None:
    standing = {"order.closed": CLOSED, "a": replace(CLOSED, code="a", formula="order.closed + order.closed")}
    with pytest.raises(ExpressionFault, match=r"^a 将失效"):
        domain.check(replace(CLOSED, formula="sum(closed, urged)", unit="次"), standing)


def test_lineage_reaches_everything_that_stands_on_an_indicator() -> None:
    formulas = domain.trees(STARTER)
    assert references(formulas["order.net_change"]) == ("order.registered", "order.closed")
    assert algebra.fed_by("order.closed", formulas) == ["order.closed_change", "order.net_change"]


def test_division_by_zero_is_no_value_with_its_parts() -> None:
    found = Evaluation({}, Counted({("closed", "top"): 3})).outcome(
        parse("ratio(count(closed), count(registered))"), "top", MAY
    )
    assert found == Outcome(None, BY_ZERO, Fraction(3), Fraction(0))
    assert value("count(closed) + 1 / count(registered)", Counted({("closed", "top"): 3})) is None
    below = Evaluation({}, Counted({})).outcome(parse("children(count(closed))"), "a", MAY)
    assert (below.value, below.reason) == (None, NOTHING_BELOW)


def test_a_chain_of_products_ends_without_a_value_instead_of_without_memory() -> None:
    product = " * ".join(["999999999999"] * OPERATIONS_LIMIT)
    formulas = {"i0": parse(product)}
    formulas |= {f"i{n}": parse(" * ".join([f"i{n - 1}"] * OPERATIONS_LIMIT)) for n in range(1, domain.CHAIN_LIMIT)}
    assert Evaluation(formulas, Counted({})).indicator("i7", "top", MAY) == Outcome(None, TOO_LARGE)


def test_shifts_inside_one_another_have_a_limit() -> None:
    assert "shifts" in str(refused("previous(previous(last_year(order.closed)))"))


def test_an_earlier_period_is_asked_for_earlier_rows() -> None:
    facts = Counted({("closed", "top"): 10}, earlier=4)
    assert value("count(closed) - previous(count(closed))", facts) == 6
    assert value("(count(closed) − last_year(count(closed))) ÷ last_year(count(closed))", facts) == Fraction(3, 2)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(KINDS))
def test_periods_follow_each_other_without_gap_or_overlap(day: date, kind: str) -> None:
    period = period_of(kind, day)
    assert period.starts <= day < period.ends
    assert period.previous().ends == period.starts
    assert period_of(kind, period.starts) == period
    assert period.last_year() == period_of(kind, period.last_year().starts)
    assert timedelta(364) <= period.starts - period.last_year().starts <= timedelta(366)


def test_days_begin_at_midnight_of_the_countrys_time() -> None:
    first, last = MAY.moments()
    assert (first, last) == (datetime(2026, 4, 30, 16, tzinfo=UTC), datetime(2026, 5, 31, 16, tzinfo=UTC))
    assert Period("day", date(2028, 2, 29)).last_year().starts == date(2027, 2, 28)


@pytest.mark.parametrize("code", STARTER)
def test_every_starter_indicator_may_be_published_where_the_pack_puts_it(code: str) -> None:
    place = list(STARTER).index(code)
    domain.check(STARTER[code], dict(list(STARTER.items())[:place]))


def test_only_a_count_whose_rows_a_list_can_show_leads_to_rows() -> None:
    shown = [code for code, one in STARTER.items() if isinstance(one.tree, Figure) and rows_query(one.tree) is not None]
    assert shown == ["order.registered", "order.hotline"]


def test_units_are_read_and_shown_alike() -> None:
    assert [algebra.shown(algebra.unit_of(unit)) for unit in ("件", "次/件", "%", "件/件")] == ["件", "次/件", "1", "1"]
    for wrong in ("", "件//人", "5件", "件 "):
        with pytest.raises(ExpressionFault):
            algebra.unit_of(wrong)


def test_every_word_of_the_language_has_a_column_of_the_public_view() -> None:
    columns = {*measures.MOMENTS.values(), *measures.COLUMNS.values(), *(c for c, _ in measures.NUMBERS.values())}
    assert all(column.table is measures.facts for column in columns)


# What units submit ----------------------------------------------------------------------------------------------------


class Told(Counted):
    """Facts of values submitted for the two divisions below."""

    def __init__(self, **told: Outcome) -> None:
        super().__init__({})
        self._told = told

    def submitted(self, code: str, rule: object, division: str, period: Period) -> Outcome | None:
        return self._told.get(division)


def told(numerator: int, denominator: int) -> Outcome:
    return Outcome(Fraction(numerator, denominator), "", Fraction(numerator), Fraction(denominator))


def rolled(formula: str, facts: Told) -> Outcome:
    return Evaluation({"x": parse(formula)}, facts).indicator("x", "top", MAY)


@given(st.tuples(NUMBERS, st.integers(1, 10**6)), st.tuples(NUMBERS, st.integers(1, 10**6)))
def test_a_submitted_rate_rolls_up_as_sum_over_sum(a: tuple[int, int], b: tuple[int, int]) -> None:
    outcome = rolled("submitted(ratio, 10)", Told(a=told(*a), b=told(*b)))
    assert outcome == Outcome(Fraction(a[0] + b[0], a[1] + b[1]), "", Fraction(a[0] + b[0]), Fraction(a[1] + b[1]))


def test_a_sum_over_some_of_the_divisions_says_that_it_is_partial() -> None:
    outcome = rolled("submitted(sum, 10)", Told(a=Outcome(Fraction(3))))
    assert (outcome.value, outcome.reason) == (3, "partial")


def test_where_nobody_submitted_there_is_no_value_and_never_a_zero() -> None:
    assert rolled("submitted(sum, 10)", Told()) == Outcome(None, "not_submitted")


def test_a_divisions_own_submission_stands_above_what_lies_below() -> None:
    assert rolled("submitted(sum, 10)", Told(top=Outcome(Fraction(9)), a=Outcome(Fraction(3)))).value == 9


@pytest.mark.parametrize("formula", ["submitted(sum, 10) + 1", "previous(submitted(sum, 10))", "submitted(mean, 10)",
                                     "submitted(sum, 1.5)", "submitted(sum, 999)", "submitted()"])  # fmt: skip
def test_submitted_stands_alone_with_a_known_rule_and_whole_days(formula: str) -> None:
    assert refused(formula)
