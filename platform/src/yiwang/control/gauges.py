"""Control in numbers, read when Prometheus asks: every site's state, silence and certificate, and rollouts that failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from prometheus_client import ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from yiwang.control.kernel import Kernel
from yiwang.control.matrix import Matrix
from yiwang.control.rollouts import Rollouts
from yiwang.model.proof import MatrixRow, MatrixState

MINUTE = timedelta(minutes=1)
OUTSIDE = (MatrixState.NOT_DEPLOYED, MatrixState.NOT_OURS)
HELP: dict[str, tuple[str, tuple[str, ...]]] = {
    "yiwang_control_sites": ("Enrolled sites heard from in the last minute", ()),
    "yiwang_control_epoch": ("Control epoch", ()),
    "yiwang_control_observing": ("1 where control only observes and decides nothing", ()),
    "yiwang_site_state": ("1 for the state that the matrix gives a site, 0 for the others", ("of", "state")),
    "yiwang_site_seen_age_seconds": ("Seconds since a site's agent called", ("of",)),
    "yiwang_site_certificate_seconds": ("Seconds until a site's certificate ends", ("of",)),
    "yiwang_rollout_failed_sites": ("Sites that failed in a running rollout", ("rollout",)),
}
"""What each metric says, and its labels; `of` is the site spoken about: `site` is the target's own."""


class ControlGauges(Collector):
    """What control knows, as Prometheus reads it. 管控指标。"""

    def __init__(self, kernel: Kernel, matrix: Matrix, rollouts: Rollouts) -> None:
        self._kernel, self._matrix, self._rollouts = kernel, matrix, rollouts

    def describe(self) -> Iterable[Any]:
        """Name the metrics without asking the database."""
        return [GaugeMetricFamily(name, said, labels=labels) for name, (said, labels) in HELP.items()]

    def collect(self) -> Iterator[Any]:
        """Return the numbers; of sites none while the database is away."""
        families = {family.name: family for family in self.describe()}
        self._own(families)
        try:
            for row in self._matrix.rows():
                self._site(families, row)
        except SQLAlchemyError:
            pass
        for state in self._rollouts.active():
            families["yiwang_rollout_failed_sites"].add_metric([state.plan.id], state.failures())
        yield from families.values()

    def _own(self, families: dict[str, Any]) -> None:
        now, kernel = self._kernel.clock.now(), self._kernel
        families["yiwang_control_sites"].add_metric([], sum(now - at < MINUTE for at in dict(kernel.contacts).values()))
        families["yiwang_control_epoch"].add_metric([], kernel.epoch)
        families["yiwang_control_observing"].add_metric([], float(bool(kernel.observing)))

    def _site(self, families: dict[str, Any], row: MatrixRow) -> None:
        if row.state in OUTSIDE:
            return
        now = self._kernel.clock.now()
        for state in MatrixState:
            if state not in OUTSIDE:
                families["yiwang_site_state"].add_metric([row.site, state.value], float(row.state is state))
        seen = self._kernel.contacts.get(row.site)
        if seen is not None:
            families["yiwang_site_seen_age_seconds"].add_metric([row.site], (now - seen).total_seconds())
        if row.certificate_until is not None:
            left = (row.certificate_until - now).total_seconds()
            families["yiwang_site_certificate_seconds"].add_metric([row.site], left)


def watch(registry: CollectorRegistry, kernel: Kernel, matrix: Matrix, rollouts: Rollouts) -> None:
    """Register what control says of the sites and of itself."""
    registry.register(ControlGauges(kernel, matrix, rollouts))
    ProcessCollector(registry=registry)
