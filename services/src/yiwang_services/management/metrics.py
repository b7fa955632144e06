"""The service's own metrics: declared as data, made once a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter

METRICS: Final[tuple[dict[str, Any], ...]] = (
    {"name": "management_sign_in_total", "kind": "counter", "labels": ("outcome",),
     "help": "Tries to sign in by outcome: done, second, enrol, wrong, code, locked, slowed"},
)  # fmt: skip


@dataclass(frozen=True)
class Metrics:
    """What management counts. 监控指标。"""

    sign_ins: Counter


def make(registry: CollectorRegistry) -> Metrics:
    """Register the metrics of one process."""
    declared = METRICS[0]
    return Metrics(Counter(declared["name"], declared["help"], declared["labels"], registry=registry))
