"""The kind of message that management sends to the tiers below: one JSON file a kind and version, read here."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

ORGANISATION = "management.organisation"


@cache
def schemas(kind: str) -> dict[int, Any]:
    """Return the schemas of one kind by version."""
    read = [json.loads(file.read_text(encoding="utf-8")) for file in files(__package__).iterdir()
            if file.name.endswith(".json")]  # fmt: skip
    return {contract["version"]: contract["schema"] for contract in read if contract["kind"] == kind}
