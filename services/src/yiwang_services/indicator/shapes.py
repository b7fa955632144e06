"""Definitions and values as the API shows them; every value leads to its rule and, where it can, to its rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from yiwang_services.indicator import measures
from yiwang_services.indicator.expression import Figure, parse
from yiwang_services.indicator.periods import Period

DEFINITIONS, ORDERS = "/api/indicator/v1/definitions", "/api/collaboration/v1/orders"
WORDS = ("code", "version", "state", "origin", "name", "name_en", "formula", "caliber", "period", "unit", "owner",
         "source", "created_by")  # fmt: skip
MOMENTS = ("created_at", "published_at", "retired_at")
DAY = timedelta(days=1)


def definition_json(row: Any) -> dict[str, Any]:
    """Return one version of a definition."""
    shown = {name: getattr(row, name) for name in WORDS}
    return shown | {name: at.isoformat() if (at := getattr(row, name)) else None for name in MOMENTS}


def value_json(row: Any) -> dict[str, Any]:
    """Return one value with what it was divided from, its rule, its data time and its links."""
    return {
        "id": str(row.id), "code": row.code, "version": row.version, "name": row.name, "name_en": row.name_en,
        "unit": row.unit, "division": row.division,
        "period": {"kind": row.period, "starts": row.starts.isoformat(), "last": (row.ends - DAY).isoformat()},
        "value": row.value, "numerator": row.numerator, "denominator": row.denominator, "reason": row.reason,
        "data_time": row.data_time.isoformat(), "computed_at": row.computed_at.isoformat(),
        "links": {"definition": f"{DEFINITIONS}/{row.code}", "rows": rows_link(row)},
    }  # fmt: skip


def rows_link(row: Any) -> str | None:
    """Return the list of orders that holds exactly the counted rows; None where no list can show them."""
    tree = parse(row.formula)
    asked = measures.rows_query(tree) if isinstance(tree, Figure) else None
    if asked is None:
        return None
    first, last = Period(row.period, row.starts).moments()
    return (
        f"{ORDERS}?{urlencode({**asked, 'division': row.division, 'from': first.isoformat(), 'to': last.isoformat()})}"
    )
