"""What the catalogue says about a matter when an order is taken in, read from the view that the catalogue publishes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from yiwang_kit.errors import Invalid
from yiwang_services.collaboration import domain, store
from yiwang_services.collaboration.limits import Limit, Rules
from yiwang_services.collaboration.settings import STAGE_LIMITS


@dataclass(frozen=True)
class Promise:
    """One version of a matter, as an order keeps it. 事项承诺。"""

    name: str
    version: int
    category: str
    rules: Rules


def promise(session: Session, code: str, today: date) -> Promise:
    """Return what a matter in effect today promises. Raises Invalid, naming the field."""
    row = store.matter(session, code)
    if row is None:
        raise Invalid(
            f"没有事项 {code} / no such matter",
            errors=[{"field": "matter", "expected": "事项目录 / the catalogue"}],
            next="在事项目录中选择 / choose one of the catalogue",
        )
    if not domain.in_effect(row.effective_from, row.effective_to, today):
        period = f"{row.effective_from} – {row.effective_to or '…'}"
        instead = (
            f"改用 {row.instead} / use {row.instead} instead"
            if row.instead
            else "选择有效的事项 / choose one in effect"
        )
        raise Invalid(
            f"事项“{row.name}”今日不在有效期内 / the matter is not in effect today ({period})",
            errors=[{"field": "matter", "expected": row.instead or period}],
            next=instead,
        )
    return Promise(row.name, row.version, row.category, rules_of(row))


def known(session: Session, code: str) -> Promise | None:
    """Return what this site's catalogue says of a matter of another site's order, or None."""
    row = store.matter(session, code)
    return Promise(row.name, row.version, row.category, rules_of(row)) if row is not None else None


def rules_of(row: Any) -> Rules:
    """Return the rules of one version of a matter; stages that it does not name have the limits of the settings."""
    stages = {name: Limit(amount, unit) for name, amount, unit in STAGE_LIMITS}
    named = json.loads(row.stages) if row.stages else []
    stages |= {stage["name"]: Limit(stage["amount"], stage["unit"]) for stage in named}
    return Rules(Limit(row.limit_amount, row.limit_unit), stages, row.photos_demanded, row.position_demanded)
