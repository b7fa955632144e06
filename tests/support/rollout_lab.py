"""A province in memory under a virtual clock: sites that behave as told, driven through the real decision core."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from yiwang.model import rollout as m
from yiwang.rollouts.core import decide
from yiwang.rollouts.planning import Candidate, initial

START = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
OLD, NEW = "2026.11.0", "2026.11.1"
OLD_DIGEST, NEW_DIGEST = "a" * 64, "b" * 64


@dataclass
class Behaviour:
    """What a site does with an order. 站点行为。"""

    outcome: str = "healthy"
    """healthy | fails | never (in contact, proves nothing) | silent | returns (silent, later healthy) | relapses"""
    revert: str = "healthy"
    delay: int = 30


def make_plan(
    policy: m.RolloutPolicy,
    sites: dict[str, str | None],
    *,
    fresh: bool = False,
    waves: tuple[tuple[str, ...], ...] = (),
) -> m.RolloutPlan:
    """A plan over sites (site → parent); by default one wave per site in the given order."""
    chosen = waves or tuple((site,) for site in sites)
    rules = policy.waves or (m.WaveRule(name="wave", title_zh="批次"),)
    made = tuple(
        m.Wave(name=f"wave-{index}", title_zh="批次", sites=group,
               soak_seconds=rules[min(index, len(rules) - 1)].soak_seconds,
               failed_budget=rules[min(index, len(rules) - 1)].failed_budget,
               approvals=rules[min(index, len(rules) - 1)].approvals)
        for index, group in enumerate(chosen)
    )  # fmt: skip
    planned = {
        site: m.PlannedSite(site=site, parent=parent, before=None if fresh else OLD,
                            before_manifest_sha256=None if fresh else OLD_DIGEST, generation=3)
        for site, parent in sites.items()
    }  # fmt: skip
    return m.RolloutPlan(
        id="r-1", release=NEW, manifest_sha256=NEW_DIGEST, created_at=START, policy=policy, sites=planned, waves=made
    )


@dataclass
class Lab:
    """Runs one rollout: delivers orders to the sites, and what the sites say to the core."""

    plan: m.RolloutPlan
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    now: datetime = START
    orders: list[tuple[datetime, m.Order]] = field(default_factory=list)
    journal: list[m.JournalEntry] = field(default_factory=list)
    states: list[m.RolloutState] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = initial(self.plan)
        self._due: list[tuple[datetime, m.Event]] = []

    def tell(self, event: m.Event) -> None:
        """Give the core one event now, and its orders to the sites."""
        before = self.state
        self.state, orders = decide(self.state, event, self.now)
        if not isinstance(event, m.Ticked) or self.state != before:
            self.journal.append(m.JournalEntry(at=self.now, event=event))
        self.states.append(self.state)
        for order in orders:
            self.orders.append((self.now, order))
            self._obey(order)

    def run(self, *, step: int = 30, limit: timedelta = timedelta(days=30)) -> m.RolloutState:
        """Let time pass until the rollout ends, approving and resuming as an operator would."""
        self.tell(m.Started())
        end = self.now + limit
        while not self.state.finished() and self.now < end:
            self._attend()
            self.now += timedelta(seconds=step)
            for event in self._arrived():
                self.tell(event)
            self.tell(m.Ticked())
        return self.state

    def _attend(self) -> None:
        if self.state.status is m.RolloutStatus.PAUSED:
            self.tell(m.Resumed())
        if self.state.status is m.RolloutStatus.AWAITING_APPROVAL:
            wave = self.plan.waves[self.state.wave]
            self.tell(m.Approved(wave=wave.name, by=f"person-{len(self.state.approvals.get(wave.name, ()))}"))

    def _arrived(self) -> list[m.Event]:
        ready = sorted((item for item in self._due if item[0] <= self.now), key=lambda item: item[0])
        self._due = [item for item in self._due if item[0] > self.now]
        return [event for _, event in ready]

    def _later(self, seconds: int, event: m.Event) -> None:
        self._due.append((self.now + timedelta(seconds=seconds), event))

    def _obey(self, order: m.Order) -> None:
        behaviour = self.behaviours.get(order.site, Behaviour())
        proven = m.Proven(site=order.site, generation=order.generation, release=order.release, healthy=True)
        failed = m.Failed(site=order.site, generation=order.generation, reason="readyz says 503")
        outcome = behaviour.outcome if order.action == "apply" else behaviour.revert
        match outcome:
            case "healthy":
                self._later(behaviour.delay, proven)
            case "fails":
                self._later(behaviour.delay, failed)
            case "silent":
                self._later(behaviour.delay, m.Lost(site=order.site))
            case "returns":
                self._later(behaviour.delay, m.Lost(site=order.site))
                self._later(behaviour.delay + 600, m.Seen(site=order.site))
                self._later(behaviour.delay + 630, proven)
            case "relapses":
                self._later(behaviour.delay, proven)
                self._later(behaviour.delay + 60, proven.model_copy(update={"healthy": False, "reason": "drifted"}))


def candidate(site: str, tier: str, parent: str | None, **rest: object) -> Candidate:
    """A site as planning sees it."""
    return Candidate(site=site, tier=tier, parent=parent, **rest)  # type: ignore[arg-type]
