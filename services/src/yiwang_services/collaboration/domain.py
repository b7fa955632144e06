"""Rules of work orders that need no database: what an entry must look like, who may do what, how people are masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import asin, cos, radians, sin, sqrt
from typing import Any

from yiwang_services.collaboration import transitions
from yiwang_services.collaboration.settings import NOTE_LIMIT
from yiwang_services.collaboration.transitions import Field, Transition

PHONE = re.compile(r"^\+?[0-9][0-9 -]{5,19}$")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that show nothing or turn the line around; tab and new line are text."""
POSITION = re.compile(r"^-?[0-9]{1,3}(\.[0-9]{1,12})?,-?[0-9]{1,2}(\.[0-9]{1,12})?$")
YEARS, EAST, NORTH = range(2000, 2200), 180.0, 90.0
EARTH_METRES = 6_371_008.8
NUMBER_WIDTH = 4
PHONE_HEAD, PHONE_TAIL = 3, 4


@dataclass(frozen=True)
class Standing:
    """What decides which actions an order allows here. 工单处境。"""

    state: str
    here: bool
    owner: str
    route: tuple[str, ...]
    has_parent: bool
    has_children: bool
    marks: frozenset[str] = frozenset()
    """What the order carries beside its state."""


@dataclass(frozen=True)
class Refusal:
    """Why an action is not possible now, Chinese and English. 不可办理的原因。"""

    why: str
    kind: str


def refusal(row: Transition, standing: Standing, holds: Callable[[Transition], bool]) -> Refusal | None:
    """Return why this action is not possible, or None where it is."""
    if row.system:
        return Refusal("由系统办理 / done by the system", "forbidden")
    if not standing.here:
        return Refusal(f"工单现由站点 {standing.owner} 办理 / the order is with site {standing.owner} now", "conflict")
    if standing.state not in row.sources:
        zh, en = transitions.STATES[standing.state]
        return Refusal(f"“{zh}”状态下不能{row.title_zh} / not possible in the state {en}", "conflict")
    refused = _nowhere(row, standing) or mark_refusal(row, standing.marks)
    if refused is not None:
        return refused
    if not holds(row):
        return Refusal(f"缺少权限 {row.permission} / the permission is missing here", "forbidden")
    return None


def _nowhere(row: Transition, standing: Standing) -> Refusal | None:
    reachable = {"parent": standing.has_parent, "children": standing.has_children, "source": bool(standing.route)}
    return Refusal(_NOWHERE[row.only], "conflict") if row.only and not reachable[row.only] else None


def mark_refusal(row: Transition, marks: frozenset[str]) -> Refusal | None:
    """Return why what an order carries, or does not carry, stands in the way; or None."""
    if row.needs and row.needs not in marks:
        zh, en = transitions.MARKS[row.needs][2:]
        return Refusal(f"{zh} / {en}", "conflict")
    for mark in row.bars:
        if mark in marks:
            zh, en = transitions.MARKS[mark][:2]
            return Refusal(f"{zh} / {en}", "conflict")
    return None


_NOWHERE = {
    "parent": "本站点没有上级站点 / this site has no parent",
    "children": "本站点没有下级站点 / this site has no children",
    "source": "工单不是从其他站点移交来的 / the order did not come from another site",
}


def field_faults(fields: Sequence[Field], given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is wrong with the fields of an action: missing, unknown, too long, not text."""
    known = {field.name: field for field in fields}
    faults = [
        {"field": name, "expected": "此操作没有该字段 / no such field here"} for name in given if name not in known
    ]
    for field in fields:
        fault = value_fault(field, given.get(field.name))
        if fault:
            faults.append({"field": field.name, "expected": fault})
    return faults


def value_fault(field: Field, value: Any) -> str | None:
    """Return what is wrong with one value, or None."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return f"请填写{field.label_zh} / {field.label_en} is required" if field.required else None
    if not isinstance(value, str):
        return "应为文本 / text"
    if len(value) > NOTE_LIMIT:
        return f"最多 {NOTE_LIMIT} 字 / at most {NOTE_LIMIT} characters"
    return text_fault(value) or form_fault(field, value.strip())


def form_fault(field: Field, value: str) -> str | None:
    """Return what is wrong with a value that is more than text, or None."""
    if field.type == "moment" and moment(value) is None:
        return "应为带时区的时间，如 2026-12-01T17:30:00+08:00 / a moment with its zone"
    if field.type == "choice" and value not in {choice[0] for choice in field.choices}:
        return " | ".join(choice[0] for choice in field.choices)
    if field.type == "position" and position(value) is None:
        return "应为 经度,纬度，如 111.61,21.75 / lon,lat in degrees"
    return None


def moment(value: str) -> datetime | None:
    """Return a moment with its zone, or None for anything else."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None and found.year in YEARS else None


def position(value: str) -> tuple[float, float] | None:
    """Return degrees (lon, lat), or None for anything that is no place on earth."""
    if not POSITION.match(value):
        return None
    lon, lat = (float(part) for part in value.split(","))
    return (round(lon, 6), round(lat, 6)) if abs(lon) <= EAST and abs(lat) <= NORTH else None


def text_fault(value: str) -> str | None:
    """Return what is wrong with a text: control characters, half characters; names like =1+1 or 𠮷田 are only text."""
    if CONTROL.search(value) or any("\ud800" <= c <= "\udfff" for c in value):
        return "含有不可见的控制字符 / no control characters"
    return None


def phone_fault(phone: str) -> str | None:
    """Return what is wrong with a telephone number, or None; it may be empty."""
    if phone and not PHONE.match(phone):
        return "电话号码格式不正确（6–20 位数字，可含空格、短横线和 + 前缀） / digits, spaces, hyphens, a leading +"
    return None


def mask_name(name: str) -> str:
    """Return a name with only its first character left."""
    return name[:1] + "*" * min(max(len(name) - 1, 0), 3)


def mask_phone(phone: str) -> str:
    """Return a number with its middle hidden; a short one is hidden whole."""
    digits = [c for c in phone if c.isdigit()]
    if len(digits) < PHONE_HEAD + PHONE_TAIL + 1:
        return "*" * len(digits)
    return "".join(digits[:PHONE_HEAD]) + "****" + "".join(digits[-PHONE_TAIL:])


def in_effect(effective_from: date, effective_to: date | None, on: date) -> bool:
    """Return whether a matter is in effect on a day; both ends are days on which it is."""
    return effective_from <= on and (effective_to is None or on <= effective_to)


def order_number(site: str, day: date, incarnation: int, n: int) -> str:
    """Return a number for print: where, when, which life of the database, which one of the day."""
    return f"{site}-{day:%Y%m%d}-{incarnation}-{n:0{NUMBER_WIDTH}d}"


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance of two places (lon, lat) along the ground."""
    (lon1, lat1), (lon2, lat2) = ((radians(a), radians(b)) for a, b in (one, other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_METRES * asin(sqrt(half))
