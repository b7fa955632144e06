"""The service's own metrics: declared as data, made once a process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge

METRICS: Final[tuple[dict[str, Any], ...]] = (
    {"name": "indicator_changed_total", "kind": "counter", "labels": (), "help": "Values that came out otherwise"},
    {"name": "indicator_data_time_seconds", "kind": "gauge", "labels": (), "help": "Data time of the newest values"},
)


@dataclass(frozen=True)
class Metrics:
    """How fresh the values are. 监控指标。"""

    changed: Counter
    data_time: Gauge

    def ran(self, data_time: datetime, changed: int) -> None:
        """Note a run."""
        self.changed.inc(changed)
        self.data_time.set(data_time.timestamp())


def make(registry: CollectorRegistry) -> Metrics:
    """Register the metrics of one process."""
    changed, data_time = METRICS
    return Metrics(
        Counter(changed["name"], changed["help"], registry=registry),
        Gauge(data_time["name"], data_time["help"], registry=registry),
    )
