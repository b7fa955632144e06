"""What a release depends on, beside an advisory feed that came as a file: dated, and never fetched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from yiwang.adapters.probes.asking import Unanswered

PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def dependencies(about: dict[str, Any]) -> dict[str, Any]:
    """Read locked packages and engines, and of the feed what speaks of them."""
    if not about.get("feed"):
        raise Unanswered("没有安全公告数据 / no advisory feed. Next: yiwang inspect run --feed FILE")
    feed = json.loads(Path(about["feed"]).read_text(encoding="utf-8"))
    locked = {
        name: version
        for lock in about["locks"]
        for name, version in PINNED.findall(Path(lock).read_text(encoding="utf-8"))
    }
    if not locked:
        raise Unanswered("没有依赖清单 / no locked dependencies were found")
    wanted = {"PyPI": locked, "Go": about["programs"]}
    advisories = [row for row in feed["advisories"] if row["package"] in wanted.get(row["ecosystem"], {})]
    return {
        "as_of": feed["as_of"],
        "advisories": advisories,
        "exploited": feed["exploited"],
        "locked": locked,
        "programs": about["programs"],
    }


PROBES = {"dependencies": dependencies}
