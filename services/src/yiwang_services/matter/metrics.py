"""The service's own metrics: none yet beyond the kit's request metrics; declared all the same, so that rules can look."""

from __future__ import annotations

from typing import Any, Final

METRICS: Final[tuple[dict[str, Any], ...]] = ()
