"""The limits of single stages, kept as text in a version and published so; collaboration counts them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

STAGE_NAMES = ("accept", "dispatch", "sign", "dispose", "verify", "close")
STAGE_UNITS = ("hour", "working_hour", "natural_day", "working_day")


@dataclass(frozen=True)
class StageLimit:
    """How long one stage of an order may take. 环节时限。"""

    name: str
    amount: int
    unit: str


def parsed(rows: Iterable[Mapping[str, Any]]) -> tuple[StageLimit, ...]:
    """Return stages from data, in the order in which an order passes them; unknown ones last, to be refused."""
    stages = [StageLimit(row["name"], int(row["amount"]), row["unit"]) for row in rows]
    place = {name: number for number, name in enumerate(STAGE_NAMES)}
    return tuple(sorted(stages, key=lambda stage: place.get(stage.name, len(place))))


def kept(stages: Iterable[StageLimit]) -> str:
    """Return stages as a version keeps them: the same stages are always the same text, none is the empty text."""
    rows = [asdict(stage) for stage in stages]
    return json.dumps(rows) if rows else ""


def shown(text: str) -> list[dict[str, Any]]:
    """Return the stages of a version as the API shows them."""
    return list(json.loads(text)) if text else []


def fault_of(stages: Iterable[StageLimit]) -> str | None:
    """Return what is wrong with stages, Chinese first, or None."""
    seen: set[str] = set()
    for stage in stages:
        if stage.name not in STAGE_NAMES or stage.unit not in STAGE_UNITS or stage.amount < 1:
            return f"环节时限无效：{stage.name} / the limit of this stage is not valid"
        if stage.name in seen:
            return f"环节重复：{stage.name} / this stage is named twice"
        seen.add(stage.name)
    return None
