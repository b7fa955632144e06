"""Pure emitters: (distribution, site, context) → {path: text}. Writing and comparing is a separate step."""

from __future__ import annotations

import json
from typing import Any

Files = dict[str, str]


def as_json(value: Any) -> str:
    """Return JSON as people read it and git compares it: indented, in the order of the emitter, UTF-8."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
