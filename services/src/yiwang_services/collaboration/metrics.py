"""The service's own metrics: declared as data, made once a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter

METRICS: Final[tuple[dict[str, Any], ...]] = (
    {"name": "collaboration_orders_total", "kind": "counter", "labels": ("channel",), "help": "Orders taken in here"},
    {"name": "collaboration_actions_total", "kind": "counter", "labels": ("action",), "help": "Actions done here"},
)


@dataclass(frozen=True)
class Metrics:
    """What collaboration counts. 监控指标。"""

    orders: Counter
    actions: Counter


def make(registry: CollectorRegistry) -> Metrics:
    """Register the metrics of one process."""
    made = [Counter(m["name"], m["help"], m["labels"], registry=registry) for m in METRICS]
    return Metrics(*made)
