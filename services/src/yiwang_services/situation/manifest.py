"""A topic as its manifest says it: title, figures, layers, matters, roles, wall pages, alarms; no code of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema

from yiwang_services.situation.reading import Document, Fault, ManifestFault, read
from yiwang_services.situation.settings import ROTATION_SECONDS

SCHEMA_FILE: Final = Path(__file__).with_name("topic.schema.json")
ORDER: Final = 500
"""Where a topic stands that does not say."""
NEEDS: Final = {"figures": "figures", "ranking": "figures", "trend": "figures", "shares": "by", "orders": "orders"}
"""What a block of a kind cannot do without."""
ALLOWED: Final = {
    "figures": {"figures"}, "ranking": {"figures"}, "trend": {"figures"}, "shares": {"by", "orders"},
    "orders": {"orders", "sort"}, "map": set(), "alarms": set(),
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """A text in both languages. 双语文字。"""

    zh: str
    en: str


@dataclass(frozen=True)
class Question:
    """Which orders are counted, in the words of the list of orders. 工单筛选。"""

    state: tuple[str, ...] = ()
    open: bool = False
    overdue: bool = False
    supervised: bool = False
    registered: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Action:
    """What can be done about a figure: a list to work on, or a new order. 处置入口。"""

    title: Words
    orders: Question | None
    register: bool


@dataclass(frozen=True)
class Figure:
    """A number of a topic: an indicator, or a count of orders as they are now. 专题数值。"""

    id: str
    indicator: str | None
    orders: Question | None
    title: Words | None
    urgent: bool
    action: Action | None


@dataclass(frozen=True)
class Block:
    """A part of a wall page. 版块。"""

    kind: str
    place: str
    title: Words | None
    figures: tuple[str, ...]
    orders: Question | None
    by: str
    sort: str


@dataclass(frozen=True)
class WallPage:
    """What stands on the wall at one time, at most seven blocks. 大屏页。"""

    title: Words | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class AlarmRule:
    """When a figure calls for somebody. 告警条件。"""

    code: str
    figure: str
    above: float | None
    below: float | None
    level: str
    title: Words
    at: str = ""

    def met(self, value: float | None) -> bool:
        """Return whether a value calls for somebody; no value is no alarm, it is shown as unknown."""
        if value is None:
            return False
        return (self.above is not None and value > self.above) or (self.below is not None and value < self.below)

    @property
    def threshold(self) -> float:
        """Return the value beyond which it is met."""
        return float(self.above if self.above is not None else self.below or 0)


@dataclass(frozen=True)
class Manifest:
    """A topic. 专题清单。"""

    topic: str
    title: Words
    summary: Words | None
    roles: frozenset[str]
    codes: tuple[str, ...]
    categories: tuple[str, ...]
    order: int
    rotation_seconds: int
    figures: tuple[Figure, ...]
    layers: tuple[str, ...]
    pages: tuple[WallPage, ...]
    alarms: tuple[AlarmRule, ...]

    @property
    def indicators(self) -> tuple[str, ...]:
        """Return the codes of every indicator that the topic names."""
        return tuple(dict.fromkeys(one.indicator for one in self.figures if one.indicator))


@cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of a manifest."""
    return dict(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def checked(text: str) -> tuple[Manifest, dict[str, Any]]:
    """Return the manifest in a YAML text, and its content. Raises ManifestFault with every fault and its line."""
    document = read(text)
    found = [*shape_faults(document)] or [*meaning_faults(document)]
    if found:
        raise ManifestFault(sorted(found))
    return manifest(document.data), document.data


def shape_faults(document: Document) -> Iterator[Fault]:
    """Yield what the schema does not allow."""
    validator = jsonschema.Draft202012Validator(schema())
    for error in validator.iter_errors(document.data):
        yield document.fault((*error.absolute_path, *missing(error)), expected(error))


def missing(error: jsonschema.ValidationError) -> tuple[str, ...]:
    """Return the key that is too much, so that the fault points at it."""
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        return tuple(sorted(set(error.instance) - set(error.schema.get("properties", {}))))[:1]
    return ()


def expected(error: jsonschema.ValidationError) -> str:
    """Return what was expected, Chinese first."""
    limit, kind = error.validator_value, str(error.validator)
    said = {
        "required": lambda: f"缺少 {absent(error)} / {absent(error)} is missing",
        "additionalProperties": lambda: (
            f"没有这个键，可用：{', '.join(sorted(error.schema['properties']))} / no such key"
        ),
        "enum": lambda: f"应为 {', '.join(map(str, limit))} 之一 / one of these",
        "const": lambda: f"只能写 {json.dumps(limit)} / only this may be written",
        "type": lambda: f"应为 {limit} / a value of this type",
        "maxItems": lambda: f"至多 {limit} 项 / at most {limit}",
        "minItems": lambda: f"至少 {limit} 项 / at least {limit}",
        "uniqueItems": lambda: "不得重复 / no repetition",
        "minimum": lambda: f"不小于 {limit} / at least {limit}",
        "maximum": lambda: f"不大于 {limit} / at most {limit}",
        "minLength": lambda: "不得为空 / not empty",
        "maxLength": lambda: f"至多 {limit} 个字符 / at most {limit} characters",
        "pattern": lambda: f"应符合 {limit} / to match this",
    }
    return said[kind]() if kind in said else str(error.message)


def absent(error: jsonschema.ValidationError) -> str:
    """Return the keys that are missing."""
    held = error.instance if isinstance(error.instance, Mapping) else {}
    return ", ".join(key for key in error.validator_value if key not in held)


def meaning_faults(document: Document) -> Iterator[Fault]:
    """Yield what fits the schema and says nothing: figures that do not exist, blocks without what they show."""
    data = document.data
    figures = [one["id"] for one in data["figures"]]
    yield from figure_faults(document, figures)
    if {"codes", "categories"} <= set(data.get("matters", {})):
        yield document.fault(("matters",), "codes 与 categories 只能用一个 / either codes or categories")
    for index, name in enumerate(data.get("layers", [])):
        yield from known(document, ("layers", index), name, figures)
    for number, page in enumerate(data["pages"]):
        for index, block in enumerate(page["blocks"]):
            yield from block_faults(document, ("pages", number, "blocks", index), block, figures)
    yield from alarm_faults(document, figures)


def figure_faults(document: Document, figures: list[str]) -> Iterator[Fault]:
    """Yield figures that stand twice or count nothing or two things."""
    for index, one in enumerate(document.data["figures"]):
        place = ("figures", index)
        if one["id"] in figures[:index]:
            yield document.fault((*place, "id"), "每个 id 只用一次 / every id stands once")
        if ("indicator" in one) == ("orders" in one):
            yield document.fault(place, "写 indicator 或 orders 之一 / either indicator or orders")
        if "orders" in one and "title" not in one:
            yield document.fault(place, "计数工单须有 title / a count of orders needs a title")
        yield from question_faults(document, (*place, "orders"), one.get("orders", {}))
        action = one.get("action", {"register": True})
        if ("orders" in action) == ("register" in action):
            yield document.fault((*place, "action"), "写 orders 或 register 之一 / either orders or register")
        yield from question_faults(document, (*place, "action", "orders"), action.get("orders", {}))


def question_faults(document: Document, place: tuple[str | int, ...], asked: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a filter that would count nothing."""
    if "open" in asked and "state" in asked:
        yield document.fault(place, "open 与 state 只能用一个 / either open or state")
    if "overdue" in asked and "closed" in asked.get("state", []):
        yield document.fault(place, "结案工单不会超期 / a closed order is not overdue")


def block_faults(
    document: Document, place: tuple[str | int, ...], block: Mapping[str, Any], figures: list[str]
) -> Iterator[Fault]:
    """Yield a block without what it shows, or with what its kind does not show."""
    kind = block["kind"]
    if kind in NEEDS and NEEDS[kind] not in block:
        yield document.fault(place, f"{kind} 须写 {NEEDS[kind]} / needs {NEEDS[kind]}")
    for key in sorted(set(block) - {"kind", "place", "title"} - ALLOWED[kind]):
        yield document.fault((*place, key), f"{kind} 不用 {key} / {kind} has no {key}")
    if kind == "map" and (block["place"] != "middle" or not document.data.get("layers")):
        yield document.fault(place, "地图在中间，并须有 layers / the map stands in the middle and needs layers")
    for index, name in enumerate(block.get("figures", [])):
        yield from known(document, (*place, "figures", index), name, figures)
    yield from question_faults(document, (*place, "orders"), block.get("orders", {}))


def alarm_faults(document: Document, figures: list[str]) -> Iterator[Fault]:
    """Yield alarms that stand twice, or watch nothing."""
    codes: list[str] = []
    for index, one in enumerate(document.data.get("alarms", [])):
        place = ("alarms", index)
        if one["code"] in codes:
            yield document.fault((*place, "code"), "每个 code 只用一次 / every code stands once")
        codes.append(one["code"])
        if ("above" in one) == ("below" in one):
            yield document.fault(place, "写 above 或 below 之一 / either above or below")
        yield from known(document, (*place, "figure"), one["figure"], figures)


def known(document: Document, place: tuple[str | int, ...], name: str, figures: list[str]) -> Iterator[Fault]:
    """Yield a fault for a figure that the topic does not have."""
    if name not in figures:
        yield document.fault(place, f"没有数值 {name}，可用：{', '.join(figures)} / no such figure")


def manifest(data: Mapping[str, Any]) -> Manifest:
    """Return a topic from content that was checked."""
    matters = data.get("matters", {})
    return Manifest(
        topic=data["topic"], title=Words(**data["title"]), summary=words(data.get("summary")),
        roles=frozenset(data.get("roles", ())), codes=tuple(matters.get("codes", ())),
        categories=tuple(matters.get("categories", ())),
        order=int(data.get("order", ORDER)),
        rotation_seconds=int(data.get("rotation_seconds", ROTATION_SECONDS)),
        figures=tuple(figure(one) for one in data["figures"]), layers=tuple(data.get("layers", ())),
        pages=tuple(
            WallPage(words(page.get("title")), tuple(block(one) for one in page["blocks"])) for page in data["pages"]
        ),
        alarms=tuple(alarm(one) for one in data.get("alarms", ())),
    )  # fmt: skip


def words(given: Mapping[str, str] | None) -> Words | None:
    """Return a text in both languages, or None."""
    return None if given is None else Words(given["zh"], given["en"])


def question(given: Mapping[str, Any] | None) -> Question | None:
    """Return which orders are meant, or None."""
    return None if given is None else Question(**{**given, "state": tuple(given.get("state", ()))})


def figure(given: Mapping[str, Any]) -> Figure:
    """Return one figure."""
    action = given.get("action")
    return Figure(
        id=given["id"], indicator=given.get("indicator"), orders=question(given.get("orders")),
        title=words(given.get("title")), urgent=bool(given.get("urgent")),
        action=None if action is None else Action(Words(**action["title"]), question(action.get("orders")),
                                                  bool(action.get("register"))),
    )  # fmt: skip


def block(given: Mapping[str, Any]) -> Block:
    """Return one block of a page."""
    return Block(
        kind=given["kind"], place=given["place"], title=words(given.get("title")),
        figures=tuple(given.get("figures", ())), orders=question(given.get("orders")), by=given.get("by", ""),
        sort=given.get("sort", "created"),
    )  # fmt: skip


def alarm(given: Mapping[str, Any]) -> AlarmRule:
    """Return one rule of an alarm."""
    return AlarmRule(given["code"], given["figure"], given.get("above"), given.get("below"),
                     given.get("level", "attention"), Words(**given["title"]), given.get("at", ""))  # fmt: skip
