"""Units and periods of a formula, found before anything is computed: what cannot be added is refused with its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from yiwang_services.indicator import measures
from yiwang_services.indicator.expression import (
    Children,
    Expression,
    ExpressionFault,
    Figure,
    Number,
    Operation,
    Ratio,
    Reference,
    Shift,
    Submitted,
    parts,
    references,
    shifts,
)

SCALES: Final = {"%": 100, "‰": 1000, "1": 1}
"""Units of a plain number, and how many of them make one."""
SHIFTS_LIMIT: Final = 2
"""Each shift asks for another period's orders: a month before last year's is two."""
NAME = re.compile(r"^[^\W\d_]{1,12}$")
Unit = tuple[tuple[str, int], ...]
"""Powers of base units in order of their names: 件/人 is (("人", -1), ("件", 1)); () is a plain number."""
PLAIN: Final[Unit] = ()


class Known(Protocol):
    """What a formula needs to know of an indicator that it names. 已知指标。"""

    @property
    def unit(self) -> str:
        """Return the declared unit."""

    @property
    def period(self) -> str:
        """Return the kind of period."""


def unit_of(declared: str) -> Unit:
    """Return a declared unit, such as 件, %, 件/人. Raises ExpressionFault."""
    if declared in SCALES:
        return PLAIN
    powers: Counter[str] = Counter()
    for place, name in enumerate(declared.split("/")):
        if not NAME.match(name):
            raise ExpressionFault(
                0, f"单位 {declared!r} 无效 / a unit is 件, %, ‰, 1, or one over another such as 件/人"
            )
        powers[name] += 1 if place == 0 else -1
    return _tidy(powers)


def shown(unit: Unit) -> str:
    """Return a unit as people read it."""
    top = [name for name, power in unit for _ in range(power)]
    bottom = [name for name, power in unit for _ in range(-power)]
    return "/".join(["·".join(top) or "1", *bottom])


def scale_of(declared: str) -> int:
    """Return by how much a value is multiplied to be shown in its unit."""
    return SCALES.get(declared, 1)


def infer(tree: Expression, known: Mapping[str, Known], period: str) -> Unit:
    """Return the unit of a formula. Raises ExpressionFault where units, periods or names do not fit."""
    if isinstance(tree, Number):
        return PLAIN
    if isinstance(tree, Figure):
        measures.check(tree)
        return unit_of(measures.unit(tree))
    if isinstance(tree, Reference):
        return _referred(tree, known, period)
    if isinstance(tree, Submitted):
        raise ExpressionFault(
            tree.at, "submitted(…) 须独立成公式，再由其他指标引用 / it stands alone; others name its code"
        )
    if isinstance(tree, Shift | Children):
        return infer(tree.inner, known, period)
    if isinstance(tree, Ratio):
        return _ratio(tree, known, period)
    return _operation(tree, known, period)


def _referred(tree: Reference, known: Mapping[str, Known], period: str) -> Unit:
    found = known.get(tree.code)
    if found is None:
        raise ExpressionFault(tree.at, f"没有已发布的指标 {tree.code} / no published indicator of this code")
    if found.period != period:
        raise ExpressionFault(
            tree.at, f"时段不同：{tree.code} 按 {found.period}，本指标按 {period} / periods of different kinds"
        )
    return unit_of(found.unit)


def _ratio(tree: Ratio, known: Mapping[str, Known], period: str) -> Unit:
    top, bottom = infer(tree.top, known, period), infer(tree.bottom, known, period)
    if top != bottom:
        raise _mixed(tree.at, top, bottom)
    return PLAIN


def _operation(tree: Operation, known: Mapping[str, Known], period: str) -> Unit:
    left, right = infer(tree.left, known, period), infer(tree.right, known, period)
    if tree.sign in "+-":
        if left != right:
            raise _mixed(tree.at, left, right)
        return left
    powers = Counter(dict(left))
    for name, power in right:
        powers[name] += power if tree.sign == "*" else -power
    return _tidy(powers)


def _mixed(at: int, left: Unit, right: Unit) -> ExpressionFault:
    return ExpressionFault(at, f"单位不同：{shown(left)} 与 {shown(right)} / units that do not mix")


def _tidy(powers: Mapping[str, int]) -> Unit:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def check(code: str, tree: Expression, declared: str, period: str, known: Mapping[str, Known]) -> None:
    """Raise ExpressionFault unless a formula gives the declared unit and does not name the indicator itself."""
    for node in parts(tree):
        if isinstance(node, Reference) and node.code == code:
            raise ExpressionFault(node.at, f"{code} 引用了自身 / names itself")
    if shifts(tree) > SHIFTS_LIMIT:
        raise ExpressionFault(0, f"时段平移超过 {SHIFTS_LIMIT} 层 / more than {SHIFTS_LIMIT} shifts inside one another")
    wanted = unit_of(declared)
    if isinstance(tree, Submitted):
        return  # its unit is what is declared: there is nothing here to count it by
    found = infer(tree, known, period)
    if found != wanted:
        raise ExpressionFault(0, f"公式的单位是 {shown(found)}，声明的是 {declared} / the formula's unit is another")


def cycle(code: str, formulas: Mapping[str, Expression]) -> list[str]:
    """Return the way on which an indicator would lead back to itself; empty where there is none."""
    seen: set[str] = set()
    ways = [[code]]
    while ways:
        way = ways.pop()
        for following in references(formulas[way[-1]]) if way[-1] in formulas else ():
            if following == code:
                return [*way, code]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def fed_by(code: str, formulas: Mapping[str, Expression]) -> list[str]:
    """Return every indicator that a change of this one reaches, near ones first."""
    reached: list[str] = []
    edge: Iterable[str] = [code]
    while edge:
        edge = [
            other
            for other, tree in sorted(formulas.items())
            if other != code and other not in reached and set(references(tree)) & set(edge)
        ]
        reached.extend(edge)
    return reached
