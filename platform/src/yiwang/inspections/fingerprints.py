"""What makes two faults the same, and what a piece of evidence is called: SM3 over canonical words."""

from __future__ import annotations

from typing import Any

from yiwang.model.inspection import Facts
from yiwang_kit.crypto import canonical_json, sm3


def fingerprint(check: str, target: str, locus: str) -> str:
    """Return the name of a fault that stays the same from run to run."""
    return digest([check, target, locus])[:32]


def evidence_of(facts: Facts | None) -> str:
    """Return the digest of the facts that were judged; nothing for none."""
    return "" if facts is None else digest(dict(facts))


def digest(value: Any) -> str:
    """Return SM3 of a value's canonical JSON."""
    return sm3(canonical_json(value)).hex()
