"""The service's own metrics: declared as data, made once a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge

METRICS: Final[tuple[dict[str, Any], ...]] = (
    {"name": "situation_alarms_open", "kind": "gauge", "labels": (), "help": "Alarms that stand"},
    {"name": "situation_alarms_raised_total", "kind": "counter", "labels": (), "help": "Alarms raised"},
)


@dataclass(frozen=True)
class Metrics:
    """How many alarms stand. 监控指标。"""

    standing: Gauge
    raised: Counter

    def judged(self, standing: int, raised: int) -> None:
        """Note a judgement of all rules."""
        self.standing.set(standing)
        self.raised.inc(raised)


def make(registry: CollectorRegistry) -> Metrics:
    """Register the metrics of one process."""
    standing, raised = METRICS
    return Metrics(
        Gauge(standing["name"], standing["help"], registry=registry),
        Counter(raised["name"], raised["help"], registry=registry),
    )
