"""One byte form of a JSON value, so that a signature is over meaning and not over white space."""

from __future__ import annotations

import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Return UTF-8 JSON with sorted keys, no spaces and no escapes beyond JSON's own.

    Floats and lone surrogates are refused (ValueError): neither has one byte form everywhere. This is the subset on
    which RFC 8785 and plain sorted JSON agree, for keys in the Basic Multilingual Plane.
    """
    refuse_floats(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def refuse_floats(value: Any) -> None:
    """Raise ValueError where a float hides anywhere in the value."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, float):
            raise ValueError("a float has no canonical form; use an integer or a string")
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
