"""The kind of message by which the two upper lists go down a tier: one JSON file a version, read here."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

PUBLICATION = "matter.publication"


@cache
def schemas(kind: str) -> dict[int, Any]:
    """Return the schemas of one kind by version."""
    read = [json.loads(file.read_text(encoding="utf-8")) for file in files(__package__).iterdir()
            if file.name.endswith(".json")]  # fmt: skip
    return {contract["version"]: contract["schema"] for contract in read if contract["kind"] == kind}
