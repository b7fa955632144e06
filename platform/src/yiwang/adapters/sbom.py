"""A bill of materials in CycloneDX form, made from the locks alone, so that it cannot say more than what is shipped."""

from __future__ import annotations

from typing import Any

from yiwang.adapters.wheelhouse import Pin
from yiwang.model.release import canonical


def _component(pin: Pin) -> dict[str, Any]:
    """Return one library of the bill."""
    return {
        "type": "library",
        "name": pin.name,
        "version": pin.version,
        "purl": f"pkg:pypi/{pin.name}@{pin.version}",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(pin.hashes)],
    }


def sbom(release: str, pins: dict[tuple[str, str], Pin]) -> bytes:
    """Return the bill of one release; the same locks give the same bytes."""
    return canonical(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {"component": {"type": "application", "name": "yiwang", "version": release}},
            "components": [_component(pins[key]) for key in sorted(pins)],
        }
    )
