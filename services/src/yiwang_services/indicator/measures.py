"""The words that a formula may say about orders: moments, numbers, filters; each a column or a condition, never a text."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Boolean, Column, ColumnElement, DateTime, Integer, MetaData, Table, Text, Uuid

from yiwang_services.indicator.expression import Condition, ExpressionFault, Figure

AT = DateTime(timezone=True)
facts = Table(
    "v1_order_fact", MetaData(schema="collaboration_public"), Column("id", Uuid), Column("scope_division", Text),
    Column("matter", Text), Column("category", Text), Column("channel", Text), Column("state", Text),
    Column("round", Integer), Column("merged", Boolean), Column("created_at", AT), Column("accepted_at", AT),
    Column("dispatched_at", AT), Column("disposed_at", AT), Column("closed_at", AT), Column("on_time", Boolean),
    Column("accepted_on_time", Boolean), Column("bounces", Integer), Column("urged", Integer),
    Column("supervised", Text), Column("callback", Text),
)  # fmt: skip
_o = facts.c
MOMENTS: Final[dict[str, Column[Any]]] = {
    "registered": _o.created_at, "accepted": _o.accepted_at, "dispatched": _o.dispatched_at,
    "disposed": _o.disposed_at, "closed": _o.closed_at,
}  # fmt: skip
NUMBERS: Final[dict[str, tuple[Column[Any], str]]] = {"bounces": (_o.bounces, "次"), "urged": (_o.urged, "次")}
COUNTED: Final = "件"
FILTERS: Final[dict[str, ColumnElement[bool]]] = {
    "on_time": _o.on_time.is_(True), "late": _o.on_time.is_(False), "accepted_on_time": _o.accepted_on_time.is_(True),
    "accepted_late": _o.accepted_on_time.is_(False), "open": _o.closed_at.is_(None),
    "finished": _o.closed_at.is_not(None), "returned": _o.bounces > 0, "reopened": _o.round > 1,
    "urged": _o.urged > 0, "supervised": _o.supervised != "", "merged": _o.merged.is_(True),
    "satisfied": _o.callback == "satisfied", "answered": _o.callback.in_(["satisfied", "dissatisfied"]),
}  # fmt: skip
COLUMNS: Final[dict[str, Column[Any]]] = {
    "channel": _o.channel, "matter": _o.matter, "category": _o.category, "state": _o.state,
}  # fmt: skip
LISTED: Final = frozenset({"channel", "matter", "state"})
"""Columns that the list of orders filters by too, so that a figure can lead to its rows."""


def check(figure: Figure) -> None:
    """Raise ExpressionFault for a word that says nothing about orders."""
    _known(figure, figure.moment, MOMENTS)
    if figure.column is not None:
        _known(figure, figure.column, NUMBERS)
    for condition in figure.conditions:
        _known(figure, condition.name, FILTERS if condition.value is None else COLUMNS)


def _known(figure: Figure, word: str, known: dict[str, Any]) -> None:
    if word not in known:
        raise ExpressionFault(figure.at, f"没有 {word}，可用：{', '.join(known)} / no such word here")


def unit(figure: Figure) -> str:
    """Return the unit in which a figure counts."""
    return COUNTED if figure.column is None else NUMBERS[figure.column][1]


def condition(one: Condition) -> ColumnElement[bool]:
    """Return a condition of a formula as SQL; a text is always a bound value."""
    return FILTERS[one.name] if one.value is None else COLUMNS[one.name] == one.value


def rows_query(figure: Figure) -> dict[str, str] | None:
    """Return what the list of orders must be asked to show a figure's very rows; None where it cannot be asked so."""
    plain = all(one.value is not None and one.name in LISTED for one in figure.conditions)
    if figure.moment != "registered" or figure.column is not None or not plain:
        return None
    return {one.name: str(one.value) for one in figure.conditions}
