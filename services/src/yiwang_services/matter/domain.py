"""A matter and when it is in effect, without a database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from yiwang_services.matter import stages
from yiwang_services.matter.stages import StageLimit

LIMIT_KINDS = ("legal", "promised")
LIMIT_UNITS = ("working_day", "natural_day", "hour")


@dataclass(frozen=True)
class Matter:
    """Something that can be handled, with its limit. 事项。"""

    code: str
    name: str
    name_en: str
    category: str
    unit_hint: str
    conditions: str
    limit_kind: str
    limit_amount: int
    limit_unit: str
    effective_from: date
    effective_to: date | None
    source: str
    sample: bool
    stages: tuple[StageLimit, ...] = ()
    photos_demanded: int = 0
    position_demanded: bool = False
    instead: str = ""
    """What to use after it has ended."""
    item: str = ""
    """The item of the list that it implements."""
    division: str = ""
    unit: str = ""
    filing: str = ""
    disposal: str = ""
    closing: str = ""
    """Conditions of filing, disposal and closing 立案、处置、结案条件."""
    form: str = ""
    """JSON schema of what the form asks beyond the common fields, or nothing."""

    def row(self) -> dict[str, Any]:
        """Return the columns of a version."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**columns, "stages": stages.kept(self.stages)}


def read(row: Mapping[str, Any]) -> Matter:
    """Return a matter from a row of a pack. Raises ValueError, naming the matter, for what is no matter."""
    limit, evidence = row["limit"], row.get("evidence", {})
    ends = row["effective_to"]
    matter = Matter(
        code=row["code"], name=row["name"], name_en=row["name_en"], category=row["category"],
        unit_hint=row["unit_hint"], conditions=row["conditions"], limit_kind=limit["kind"],
        limit_amount=int(limit["amount"]), limit_unit=limit["unit"],
        effective_from=date.fromisoformat(row["effective_from"]),
        effective_to=date.fromisoformat(ends) if ends else None, source=row["source"], sample=bool(row["sample"]),
        stages=stages.parsed(row.get("stages", ())), photos_demanded=int(evidence.get("photos", 0)),
        position_demanded=bool(evidence.get("position", False)), item=row.get("item", ""),
        filing=row.get("filing", ""), disposal=row.get("disposal", ""), closing=row.get("closing", ""),
    )  # fmt: skip
    fault = fault_of(matter)
    if fault:
        raise ValueError(f"{matter.code}: {fault}")
    return matter


def is_schema(text: str) -> bool:
    """Return whether a text is a JSON schema of an object."""
    try:
        schema = json.loads(text)
        Draft202012Validator.check_schema(schema)
    except (ValueError, SchemaError, RecursionError):
        return False
    return isinstance(schema, dict) and schema.get("type") == "object"


def fault_of(matter: Matter) -> str | None:
    """Return what is wrong with a matter, Chinese first, or None."""
    return _own_fault(matter) or _end_fault(matter) or stages.fault_of(matter.stages)


def _own_fault(matter: Matter) -> str | None:
    if matter.limit_kind not in LIMIT_KINDS or matter.limit_unit not in LIMIT_UNITS or matter.limit_amount < 1:
        return "时限无效 / the limit is not valid"
    if not matter.source and not matter.sample:
        return "未注明依据的事项须标为样例 / without a source document it must be marked as a sample"
    if matter.form and not is_schema(matter.form):
        return "表单须为 JSON Schema 对象 / the form is no JSON schema"
    return "照片数无效 / the number of photos is not valid" if matter.photos_demanded < 0 else None


def _end_fault(matter: Matter) -> str | None:
    if matter.effective_to is not None and matter.effective_to < matter.effective_from:
        return "失效日期早于生效日期 / it ends before it begins"
    if matter.instead and matter.effective_to is None:
        return "指定替代事项须同时填写失效日期 / what replaces it needs the day on which it ends"
    return (
        "不能以自身替代 / a matter can't replace itself" if matter.instead and matter.instead == matter.code else None
    )
