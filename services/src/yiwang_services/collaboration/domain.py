"""Rules of work orders that need no database: what an entry must look like, who may do what, how people are masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from yiwang_services.collaboration import transitions
from yiwang_services.collaboration.settings import NOTE_LIMIT
from yiwang_services.collaboration.transitions import Field, Transition

PHONE = re.compile(r"^\+?[0-9][0-9 -]{5,19}$")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that show nothing or turn the line around; tab and new line are text."""
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


@dataclass(frozen=True)
class Refusal:
    """Why an action is not possible now, Chinese and English. 不可办理的原因。"""

    why: str
    kind: str


def refusal(row: Transition, standing: Standing, holds: Callable[[str], bool]) -> Refusal | None:
    """Return why this action is not possible, or None where it is."""
    if row.system:
        return Refusal("由系统办理 / done by the system", "forbidden")
    if not standing.here:
        return Refusal(f"工单现由站点 {standing.owner} 办理 / the order is with site {standing.owner} now", "conflict")
    if standing.state not in row.sources:
        zh, en = transitions.STATES[standing.state]
        return Refusal(f"“{zh}”状态下不能{row.title_zh} / not possible in the state {en}", "conflict")
    reachable = {"parent": standing.has_parent, "children": standing.has_children, "source": bool(standing.route)}
    if row.only and not reachable[row.only]:
        return Refusal(_NOWHERE[row.only], "conflict")
    if not holds(row.permission):
        return Refusal(f"缺少权限 {row.permission} / the permission is missing here", "forbidden")
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
    return text_fault(value)


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
