"""The kinds of message that collaboration exchanges: one JSON file a kind and version, read here."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

TRACE, HANDOVER = "collaboration.order.trace", "collaboration.order.handover"
RETURNED, ACK = "collaboration.order.returned", "collaboration.order.ack"

SENT = {TRACE: 1, HANDOVER: 1, RETURNED: 1, ACK: 1}
"""The newest version of each kind that this release sends: a version is understood one release before it is sent."""


@cache
def schemas() -> dict[str, dict[int, Any]]:
    """Return the schemas by kind and version."""
    found: dict[str, dict[int, Any]] = {}
    for file in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            contract = json.loads(file.read_text(encoding="utf-8"))
            found.setdefault(contract["kind"], {})[contract["version"]] = contract["schema"]
    return found
