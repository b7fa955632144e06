"""The exchange in numbers: what waits on each link and since when, what is parked, what was settled in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from yiwang_kit.clock import Clock
from yiwang_kit.database import Database
from yiwang_kit.exchange.links import LinkStatus

if TYPE_CHECKING:
    from yiwang_kit.exchange.exchange import Exchange

BY_LINK = {
    "kit_exchange_link_up": "1 where the link is up, 0 where it is not",
    "kit_exchange_queued": "Envelopes that the neighbour has not stored yet",
    "kit_exchange_oldest_queued_seconds": "Age of the oldest of them",
    "kit_exchange_parked": "Envelopes of the neighbour that are parked here",
    "kit_exchange_attachments_awaited": "Attachments that are still to come from the neighbour",
}


class ExchangeMetrics(Collector):
    """Asks the database when Prometheus asks. 交换指标。"""

    def __init__(self, exchange: Exchange, database: Database, clock: Clock) -> None:
        self._exchange, self._database, self._clock = exchange, database, clock

    def describe(self) -> Iterable[Any]:
        """Name the metrics without asking the database."""
        return [GaugeMetricFamily(name, text) for name, text in BY_LINK.items()]

    def collect(self) -> Iterator[Any]:
        """Return the numbers; none of a link while the database is away, which `/readyz` says."""
        settled = CounterMetricFamily("kit_exchange_settled", "Envelopes settled since the start", labels=["state"])
        for state, count in sorted(self._exchange.applier.settled.items()):
            settled.add_metric([state], count)
        yield settled
        try:
            with self._database.transaction() as session:
                links = self._exchange.links(session)
        except SQLAlchemyError:
            return
        yield from self._by_link(links)

    def _by_link(self, links: list[LinkStatus]) -> Iterator[Any]:
        for name, text in BY_LINK.items():
            family = GaugeMetricFamily(name, text, labels=["peer"])
            for link in links:
                family.add_metric([link.site], self._value(name, link))
            yield family

    def _value(self, name: str, link: LinkStatus) -> float:
        if name == "kit_exchange_link_up":
            return float(link.state == "up")
        if name == "kit_exchange_oldest_queued_seconds":
            oldest = link.oldest_queued_at
            return (self._clock.now() - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
        return float({"kit_exchange_queued": link.queued, "kit_exchange_parked": link.parked}.get(
            name, link.attachments_awaited))  # fmt: skip
