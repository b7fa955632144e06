"""Computes published indicators from orders as they are now; every run brings the last periods up to date.

An order that is closed late changes the figures of the month in which it was registered. So a run computes each of the
last periods again (settings.KEPT_FRESH) and writes where something changed; what is older stays as it was last computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, insert, literal, select, update
from sqlalchemy.orm import Session

from yiwang_kit.ids import uuid7
from yiwang_kit.runtime import Runtime
from yiwang_services.indicator import domain, measures, store, submissions
from yiwang_services.indicator import tables as t
from yiwang_services.indicator.algebra import scale_of
from yiwang_services.indicator.evaluation import BY_ZERO, Evaluation, Outcome
from yiwang_services.indicator.expression import LATEST, Expression, Figure, Submitted, parts
from yiwang_services.indicator.metrics import Metrics
from yiwang_services.indicator.periods import Period, recent
from yiwang_services.indicator.reporting import Reporting
from yiwang_services.indicator.settings import KEPT_FRESH

Row = dict[str, Any]
FIGURES = ("value", "numerator", "denominator", "reason")


@dataclass(frozen=True)
class Ran:
    """What a run computed. 计算批次。"""

    data_time: datetime
    computed: int
    changed: int


@dataclass
class OrderFacts:
    """Figures from the orders of this site: one question a moment and period answers every figure in it. 工单事实。"""

    session: Session
    site: str
    figures: tuple[Figure, ...]
    units: Mapping[str, str] = field(default_factory=dict)
    """The unit of every submitted indicator, by its code."""
    divisions: list[str] = field(init=False)
    _told: dict[tuple[str, str], dict[date, Outcome]] = field(init=False)
    _asked: dict[tuple[str, Period], dict[tuple[str, Figure], Fraction]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        c = t.closure.c
        below = select(c.descendant).where(c.ancestor == self.site, c.depth == 1).order_by(c.descendant)
        self.divisions = [self.site, *self.session.execute(below).scalars()]
        self._told = told(self.session, self.units) if self.units else {}

    def below(self, division: str) -> Sequence[str]:
        """Return the divisions directly below this site's; deeper ones are not computed here."""
        return self.divisions[1:] if division == self.site else ()

    def figure(self, figure: Figure, division: str, period: Period) -> Fraction:
        """Return a figure; where no order lies it is an honest 0."""
        place = (figure.moment, period)
        if place not in self._asked:
            self._asked[place] = self._ask(figure.moment, period)
        return self._asked[place].get((division, figure), Fraction(0))

    def submitted(self, code: str, rule: Submitted, division: str, period: Period) -> Outcome | None:
        """Return a division's newest approved value, or what its own site reported; of a stock the last one up to the period."""
        known = self._told.get((code, division), {})
        if rule.roll_up == LATEST:
            starts = max((day for day in known if day <= period.starts), default=None)
            return None if starts is None else known[starts]
        return known.get(period.starts)

    def _ask(self, moment: str, period: Period) -> dict[tuple[str, Figure], Fraction]:
        wanted = [figure for figure in self.figures if figure.moment == moment]
        column, (first, last) = measures.MOMENTS[moment], period.moments()
        c = t.closure.c
        query = (
            select(c.ancestor, *(added(figure).label(f"n{place}") for place, figure in enumerate(wanted)))
            .select_from(measures.facts.join(t.closure, c.descendant == measures.facts.c.scope_division))
            .where(c.ancestor.in_(self.divisions), column >= first, column < last)
            .group_by(c.ancestor)
        )
        rows = self.session.execute(query)
        return {(row[0], figure): Fraction(int(n)) for row in rows for figure, n in zip(wanted, row[1:], strict=True)}


def told(session: Session, units: Mapping[str, str]) -> dict[tuple[str, str], dict[date, Outcome]]:
    """Return what was submitted here and approved, and else what sites below reported, by code and division."""
    r, found = t.reported.c, dict[tuple[str, str], dict[date, Outcome]]()
    below = session.execute(select(t.reported).where(r.code.in_(units)).order_by(r.site))
    here = submissions.newest_approved(session, sorted(units))
    for row, reason in (*((row, row.reason) for row in below), *((row, "") for row in here)):
        outcome = as_told(row, scale_of(units[row.code]), reason)
        if outcome is not None:
            found.setdefault((row.code, row.division), {})[row.starts] = outcome
    return found


def as_told(row: Any, scale: int, reason: str) -> Outcome | None:
    """Return a told value in plain numbers; None where who told it had none."""
    value, top, bottom = (None if n is None else Fraction(repr(n)) for n in (row.value, row.numerator, row.denominator))
    if value is not None:
        return Outcome(value / scale, reason, top, bottom)
    return Outcome(None, BY_ZERO, top, bottom) if bottom == 0 else None


def added(figure: Figure) -> ColumnElement[Any]:
    """Return a figure as a sum over the orders of a period."""
    number = literal(1) if figure.column is None else measures.NUMBERS[figure.column][0]
    held = [measures.condition(one) for one in figure.conditions]
    return func.sum(case((and_(*held), number), else_=0) if held else number)


def figures_of(formulas: Iterable[Expression]) -> tuple[Figure, ...]:
    """Return every figure that formulas name, each once."""
    found = (node for tree in formulas for node in parts(tree) if isinstance(node, Figure))
    return tuple(dict.fromkeys(found))


def compute(runtime: Runtime, metrics: Metrics, reporting: Reporting) -> Ran:
    """Compute every published indicator for the last periods; write what changed, and tell the tier above."""
    now = runtime.clock.now()
    with runtime.database.transaction(store.SERVICE) as session:
        store.hold(session)
        ran = compute_in(session, runtime.settings.site.code, now)
        reporting.report(session, now)
    metrics.ran(ran.data_time, ran.changed)
    return ran


def compute_in(session: Session, site: str, now: datetime) -> Ran:
    """Compute within a transaction that holds the definitions still."""
    rows = store.published(session)
    wanted = {code: domain.read(row) for code, row in rows.items()}
    formulas = domain.trees(wanted)
    units = {code: wanted[code].unit for code, tree in formulas.items() if isinstance(tree, Submitted)}
    facts = OrderFacts(session, site, figures_of(formulas.values()), units)
    evaluation, computed, changed = Evaluation(formulas, facts), 0, 0
    for one in domain.in_order(wanted):
        made = {
            (division, period.starts): valued(evaluation.indicator(one.code, division, period), one.unit, period)
            for period in recent(one.period, now, KEPT_FRESH[one.period])
            for division in facts.divisions
        }
        computed += len(made)
        changed += write(session, rows[one.code].id, made, now)
    session.execute(insert(t.run).values(id=uuid7(), data_time=now, computed=computed, changed=changed))
    return Ran(now, computed, changed)


def valued(outcome: Outcome, unit: str, period: Period) -> Row:
    """Return the columns of a value; the parts of a rate stay as they were counted, the value is in its unit."""
    value = None if outcome.value is None else outcome.value * scale_of(unit)
    return {
        "period": period.kind, "ends": period.ends, "value": number(value), "numerator": number(outcome.numerator),
        "denominator": number(outcome.denominator), "reason": outcome.reason,
    }  # fmt: skip


def number(exact: Fraction | None) -> float | None:
    """Return a fraction as the database keeps it."""
    return None if exact is None else float(exact)


def write(session: Session, definition: UUID, made: dict[tuple[str, date], Row], now: datetime) -> int:
    """Write the values of a definition; one that came out as before only learns of newer data. Return how many changed."""
    c = t.value.c
    oldest = min(starts for _, starts in made)
    standing = session.execute(select(t.value).where(c.definition == definition, c.starts >= oldest))
    held = {(row.division, row.starts): row for row in standing}
    fresh = {place: row for place, row in made.items() if place not in held}
    if fresh:
        session.execute(insert(t.value), [
            {"id": uuid7(), "definition": definition, "division": division, "starts": starts, **row, "data_time": now,
             "computed_at": now} for (division, starts), row in sorted(fresh.items())
        ])  # fmt: skip
    session.execute(update(t.value).where(c.definition == definition, c.starts >= oldest).values(data_time=now))
    other = {place: row for place, row in made.items() if place in held and differs(held[place], row)}
    for place, row in other.items():
        session.execute(update(t.value).where(c.id == held[place].id).values(**row, computed_at=now))
    return len(fresh) + len(other)


def differs(held: Any, made: Row) -> bool:
    """Return whether a value came out otherwise than it stands."""
    return any(getattr(held, name) != made[name] for name in FIGURES)
