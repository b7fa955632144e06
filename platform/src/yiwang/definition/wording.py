"""Says in plain words what a key of a file should have been: Chinese first, English beside.

pydantic's own sentences are written for programmers; a site file is written by operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

EXPECTED: dict[str, str] = {
    "code": '带引号的 6、9 或 12 位区划代码 / a division code of 6, 9 or 12 digits in quotes, e.g. "441721"',
    "formerly": '旧代码列表 / a list of earlier codes in quotes, e.g. ["441700"], or []',
    "name": "1–60 字的中文名称 / the official name in Chinese, 1 to 60 characters",
    "name_en": "1–60 个字母的名称 / the name in Latin letters, 1 to 60 characters",
    "tier": "层级名 / a tier: province, city, county or town",
    "parent": '带引号的上级站点标识 / the id of the parent site in quotes, e.g. "441700"',
    "mode": "deployed 或 connected / deployed or connected",
    "instance": "main、twin 或 training / main, twin or training",
    "modules": "default 或服务名列表 / default, or a list of services, e.g. [management, matter]",
    "substrate": "承载方式名 / a substrate, e.g. process",
    "cloud": "云名 / a cloud, e.g. local",
    "link": "leaf 或 stick / leaf or stick",
    "channel": "通道名 / a channel, e.g. stable",
    "windows": '变更窗口列表 / a list of windows, e.g. ["Mon-Fri 22:00-06:00"], or []',
    "schema": "1",
    "id": "小写字母、数字与连字符，至多 40 个 / lower case letters, digits and hyphens, at most 40",
    "profile": "demo 或 production / demo or production",
    "tree": "站点文件目录 / the folder of site files, relative to this file",
    "trust": "信任材料目录 / the folder of trust material, relative to this file",
}

SHOWN = 60
DID_YOU_MEAN = "是否为"


def wording(model: type[BaseModel], detail: Mapping[str, Any]) -> tuple[str, str]:
    """Return (expectation, what was found) for one problem that pydantic reports."""
    key = next((str(part) for part in detail["loc"]), "")
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(model, key), "未知的键 / unknown key"
        case "missing":
            return EXPECTED.get(key, detail["msg"]), "缺少此键 / the key is missing"
        case _:
            return EXPECTED.get(key, detail["msg"]), shown(detail.get("input"))


def shown(value: Any) -> str:
    """Return a value as a person wrote it, cut to a readable length."""
    text = repr(value) if isinstance(value, str) else str(value)
    cut = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return f"{cut} ({_kind(value)})"


def _kind(value: Any) -> str:
    """Return the kind of a value in the words of the file."""
    kinds = {bool: "布尔 true/false", int: "数字 number", float: "数字 number", str: "文本 text", list: "列表 list"}
    return kinds.get(type(value), "空 empty" if value is None else "映射 mapping")


def _unknown(model: type[BaseModel], key: str) -> str:
    """Return the keys that exist, the likeliest first."""
    known = [field.alias or name for name, field in model.model_fields.items()]
    return nearest(key, known)


def nearest(word: str, known: list[str]) -> str:
    """Return "did you mean", or all that is possible."""
    close = get_close_matches(word, known, n=1)
    if close:
        return f"{DID_YOU_MEAN} {close[0]}？ / did you mean {close[0]}?"
    return f"可用 / one of: {', '.join(known)}"
