"""The service's own metrics: declared as data, made once a process; the backlog is asked for when Prometheus asks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from yiwang_kit.runtime import Runtime
from yiwang_services.collaboration import store

METRICS: Final[tuple[dict[str, Any], ...]] = (
    {"name": "collaboration_orders_total", "kind": "counter", "labels": ("channel",), "help": "Orders taken in here"},
    {"name": "collaboration_actions_total", "kind": "counter", "labels": ("action",), "help": "Actions done here"},
    {"name": "collaboration_orders_open", "kind": "gauge", "labels": (), "help": "Orders that this site has to finish"},
    {"name": "collaboration_orders_overdue", "kind": "gauge", "labels": (), "help": "Those of them that are late"},
)
SERVICE, KEPT_SECONDS = "collaboration", 55.0


@dataclass(frozen=True)
class Metrics:
    """What collaboration counts. 监控指标。"""

    orders: Counter
    actions: Counter


def make(registry: CollectorRegistry) -> Metrics:
    """Register the metrics of one process."""
    counters = [m for m in METRICS if m["kind"] == "counter"]
    return Metrics(*(Counter(m["name"], m["help"], m["labels"], registry=registry) for m in counters))


class Backlog(Collector):
    """Counts what is open and what is late, at most once a minute. 在办与超期。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._kept = runtime, (0.0, (0, 0))

    def describe(self) -> Iterable[Any]:
        """Name the metrics without counting."""
        return [GaugeMetricFamily(m["name"], m["help"]) for m in METRICS if m["kind"] == "gauge"]

    def collect(self) -> Iterator[Any]:
        """Return both numbers; none while the database is away."""
        at, found = self._kept
        if at == 0.0 or time.monotonic() - at > KEPT_SECONDS:
            try:
                with self._runtime.database.transaction(SERVICE) as session:
                    found = store.backlog(session, self._runtime.settings.site.id, self._runtime.clock.now())
            except SQLAlchemyError:
                return
            self._kept = (time.monotonic(), found)
        for family, value in zip(self.describe(), found, strict=True):
            family.add_metric([], value)
            yield family
