"""What a formula comes to in one division and period: an exact fraction, or no value and the reason; never a false 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, Protocol

from yiwang_services.indicator.expression import (
    RATIO,
    Children,
    Expression,
    Figure,
    Number,
    Operation,
    Ratio,
    Reference,
    Shift,
    Submitted,
)
from yiwang_services.indicator.periods import Period

BY_ZERO, NOTHING_BELOW, TOO_LARGE = "division_by_zero", "nothing_below", "too_large"
NOT_SUBMITTED, PARTIAL = "not_submitted", "partial"
"""No value because nobody submitted one; a value that not every division below has part in."""
BITS_LIMIT: Final = 512
"""Exact fractions stay this short, so that no chain of products can take the hub's memory."""


@dataclass(frozen=True)
class Outcome:
    """A value with what it was divided from, or the reason why there is none. 计算结果。"""

    value: Fraction | None
    reason: str = ""
    numerator: Fraction | None = None
    denominator: Fraction | None = None


class Facts(Protocol):
    """Where figures come from. 事实来源。"""

    def figure(self, figure: Figure, division: str, period: Period) -> Fraction:
        """Return a figure of a division and everything below it."""

    def below(self, division: str) -> Sequence[str]:
        """Return the divisions directly below."""

    def submitted(self, code: str, rule: Submitted, division: str, period: Period) -> Outcome | None:
        """Return what was submitted of a division itself, here or at its own site; None where nothing was."""


@dataclass
class Evaluation:
    """One run over the formulas of published indicators; what was computed is remembered within it. 计算。"""

    formulas: Mapping[str, Expression]
    facts: Facts
    _made: dict[tuple[str, str, Period], Outcome] = field(default_factory=dict)

    def indicator(self, code: str, division: str, period: Period) -> Outcome:
        """Return what an indicator comes to."""
        place = (code, division, period)
        if place not in self._made:
            tree = self.formulas[code]
            self._made[place] = (
                self._submitted(code, tree, division, period) or Outcome(None, NOT_SUBMITTED)
                if isinstance(tree, Submitted)
                else self.outcome(tree, division, period)
            )
        return self._made[place]

    def outcome(self, tree: Expression, division: str, period: Period) -> Outcome:
        """Return what an expression comes to; `submitted(…)` only stands alone, so it is no part of one."""
        if isinstance(tree, Number | Figure):
            return Outcome(tree.value if isinstance(tree, Number) else self.facts.figure(tree, division, period))
        if isinstance(tree, Reference):
            return self.indicator(tree.code, division, period)
        if isinstance(tree, Shift):
            earlier = period.previous() if tree.by == "previous" else period.last_year()
            return self.outcome(tree.inner, division, earlier)
        if isinstance(tree, Children):
            return self._children(tree, division, period)
        if isinstance(tree, Ratio):
            return self._pair("/", tree.top, tree.bottom, division, period)
        assert isinstance(tree, Operation)  # noqa: S101 - nothing else is left
        return self._pair(tree.sign, tree.left, tree.right, division, period)

    def _submitted(self, code: str, rule: Submitted, division: str, period: Period) -> Outcome | None:
        """Return a division's own value, or that of the divisions below by the declared rule; say where some are missing."""
        own = self.facts.submitted(code, rule, division, period)
        below = self.facts.below(division)
        if own is not None or not below:
            return own
        arrived = [one for child in below if (one := self.indicator(code, child, period)).value is not None]
        if not arrived:
            return None
        made = rolled_up(rule.roll_up, arrived)
        whole = len(arrived) == len(below) and not any(one.reason for one in arrived)
        return made if whole or made.value is None else replace(made, reason=PARTIAL)

    def _children(self, tree: Children, division: str, period: Period) -> Outcome:
        below = self.facts.below(division)
        if not below:
            return Outcome(None, NOTHING_BELOW)
        found = [self.outcome(tree.inner, child, period) for child in below]
        missing = next((one for one in found if one.value is None), None)
        return missing or bounded(sum((one.value for one in found if one.value is not None), Fraction(0)))

    def _pair(self, sign: str, left: Expression, right: Expression, division: str, period: Period) -> Outcome:
        one, other = self.outcome(left, division, period), self.outcome(right, division, period)
        if one.value is None or other.value is None:
            return Outcome(None, one.reason or other.reason)
        if sign == "/":
            return divided(one.value, other.value)
        return bounded(combined(sign, one.value, other.value))


def bounded(value: Fraction) -> Outcome:
    """Return a value, or none where it would be too long to go on with."""
    fits = max(value.numerator.bit_length(), value.denominator.bit_length()) <= BITS_LIMIT
    return Outcome(value) if fits else Outcome(None, TOO_LARGE)


def rolled_up(rule: str, found: Sequence[Outcome]) -> Outcome:
    """Return one outcome of several; a rate is Σ of what stands above over Σ of what stands below, never a mean of rates."""
    if rule == RATIO:
        top = sum((one.numerator for one in found if one.numerator is not None), Fraction(0))
        bottom = sum((one.denominator for one in found if one.denominator is not None), Fraction(0))
        return divided(top, bottom)
    return bounded(sum((one.value for one in found if one.value is not None), Fraction(0)))


def combined(sign: str, left: Fraction, right: Fraction) -> Fraction:
    """Return the sum, difference or product."""
    return {"+": left + right, "-": left - right, "*": left * right}[sign]


def divided(top: Fraction, bottom: Fraction) -> Outcome:
    """Return a quotient with both of its parts; there is none by zero, and the parts are still told."""
    if bottom == 0:
        return Outcome(None, BY_ZERO, top, bottom)
    quotient = bounded(top / bottom)
    return quotient if quotient.value is None else Outcome(quotient.value, "", top, bottom)
