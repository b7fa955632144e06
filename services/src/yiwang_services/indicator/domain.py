"""A definition of an indicator and what may be published beside what stands, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from yiwang_services.indicator import algebra
from yiwang_services.indicator.expression import Expression, ExpressionFault, parse, references
from yiwang_services.indicator.periods import KINDS

DRAFT, PUBLISHED, RETIRED = STATES = ("draft", "published", "retired")
CHAIN_LIMIT: Final = 8
"""How many indicators may stand on one another; with the limits of a formula it bounds the depth of computing."""


@dataclass(frozen=True)
class Definition:
    """What an indicator is and how it is computed. 指标定义。"""

    code: str
    name: str
    name_en: str
    formula: str
    caliber: str
    period: str
    unit: str
    owner: str
    source: str

    @property
    def tree(self) -> Expression:
        """Return the parsed formula. Raises ExpressionFault."""
        return parse(self.formula)

    def row(self) -> dict[str, Any]:
        """Return the columns of a version."""
        return asdict(self)


def read(row: Any) -> Definition:
    """Return the definition in a row, of a pack or of the database."""
    given = row if isinstance(row, Mapping) else row._mapping
    return Definition(**{name: given[name] for name in Definition.__dataclass_fields__})


def trees(standing: Mapping[str, Definition]) -> dict[str, Expression]:
    """Return the formulas of published indicators."""
    return {code: one.tree for code, one in standing.items()}


def check(wanted: Definition, standing: Mapping[str, Definition]) -> None:
    """Raise ExpressionFault unless this may be published beside what stands, and what stands on it still holds."""
    if wanted.period not in KINDS:
        raise ExpressionFault(0, f"时段应为 {', '.join(KINDS)} / no such period")
    after = {**standing, wanted.code: wanted}
    algebra.check(wanted.code, wanted.tree, wanted.unit, wanted.period, after)
    formulas = trees(after)
    way = algebra.cycle(wanted.code, formulas)
    if way:
        raise ExpressionFault(0, f"循环引用 {' → '.join(way)} / indicators in a circle")
    if height(wanted.code, formulas) > CHAIN_LIMIT:
        raise ExpressionFault(0, f"指标引用超过 {CHAIN_LIMIT} 级 / more than {CHAIN_LIMIT} indicators on one another")
    for code in algebra.fed_by(wanted.code, formulas):
        _still_holds(after[code], after, formulas)


def _still_holds(one: Definition, after: Mapping[str, Definition], formulas: Mapping[str, Expression]) -> None:
    try:
        algebra.check(one.code, formulas[one.code], one.unit, one.period, after)
    except ExpressionFault as fault:
        raise ExpressionFault(
            0, f"{one.code} 将失效：{fault} / an indicator that stands on this would break"
        ) from fault
    if height(one.code, formulas) > CHAIN_LIMIT:
        raise ExpressionFault(0, f"{one.code} 的引用将超过 {CHAIN_LIMIT} 级 / too many indicators on one another")


def height(code: str, formulas: Mapping[str, Expression]) -> int:
    """Return how many indicators stand on one another, this one included; formulas without a circle."""
    heights: dict[str, int] = {}

    def of(one: str) -> int:
        if one not in heights:
            below = references(formulas[one]) if one in formulas else ()
            heights[one] = 1 + max((of(other) for other in below), default=0)
        return heights[one]

    return of(code)


def in_order(rows: Mapping[str, Definition]) -> list[Definition]:
    """Return definitions so that each comes after those that it names; formulas without a circle."""
    formulas = trees(rows)
    return sorted(rows.values(), key=lambda one: (height(one.code, formulas), one.code))
