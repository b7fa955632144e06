"""Is a site's audit trail what it was: walked from its first row, and through every head that its parent keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from yiwang.operate.exchange import Door


@dataclass(frozen=True)
class Trail:
    """What was found of one site's trail. 审计链核验结果。"""

    site: str
    rows: int
    head: str
    broken: dict[str, Any] | None
    """The first row that does not fit, with the reason."""
    parent: str | None
    """Who keeps heads; None where the parent does not run on this machine, or there is none."""
    heads: int
    strays: list[dict[str, Any]]
    """Kept heads through which the trail no longer passes: it was rewritten."""

    @property
    def sound(self) -> bool:
        """Whether nothing was changed, taken out or rewritten."""
        return self.broken is None and not self.strays


def verify(site: str, door: Door, incarnation: int, parent: tuple[str, Door] | None) -> Trail:
    """Verify a site's trail on its own machine, with the heads of its parent where that one can be asked. Raises NotReady."""
    kept = json.loads(parent[1].command("kit:audit-heads", site))["items"] if parent else []
    words = ("--heads", json.dumps(kept), "--incarnation", str(incarnation))
    found = json.loads(door.command("kit:audit-verify", *words))
    return Trail(
        site=site, rows=found["rows"], head=found["head"], broken=found["break"], parent=parent[0] if parent else None,
        heads=found["heads"], strays=found["strays"],
    )  # fmt: skip
