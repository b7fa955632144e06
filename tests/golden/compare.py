"""Compares emitted JSON with its golden key by key: a reviewer reads paths, not a blob."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

SHOWN = 70


def leaves(value: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield every leaf of a JSON value with its path; an empty container is a leaf."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{prefix}.{key}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, f"{prefix}[{index}]")
    else:
        yield prefix, json.dumps(value, ensure_ascii=False)


def flat(files: Mapping[str, str]) -> dict[str, str]:
    """Return every leaf of every file by `file|path`."""
    return {path: leaf for name, text in files.items() for path, leaf in leaves(json.loads(text), f"{name}|")}


def lost(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return files and keys that the goldens have and the emitter no longer makes."""
    old, new = flat(before), flat(after)
    return sorted((before.keys() - after.keys()) | (old.keys() - new.keys()))


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return one line a difference."""
    old, new = flat(before), flat(after)
    changed = sorted(path for path in old.keys() & new.keys() if old[path] != new[path])
    return [
        *(f"- {path}" for path in sorted(old.keys() - new.keys())),
        *(f"+ {path} = {new[path][:SHOWN]}" for path in sorted(new.keys() - old.keys())),
        *(f"~ {path}: {old[path][:SHOWN]} → {new[path][:SHOWN]}" for path in changed),
    ]
