"""A rollout state while one decision is being made: changed in place here, frozen again when the decision is done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from yiwang.model.rollout import Order, RolloutState, RolloutStatus, SiteProgress, SiteState, Wave

IN_FLIGHT = (SiteState.APPLYING, SiteState.REVERTING)


class Draft:
    """The state being decided on, and the orders decided so far. 决策草稿。"""

    def __init__(self, state: RolloutState, now: datetime) -> None:
        self._before = state
        self.plan, self.now = state.plan, now
        self.status, self.since, self.reason = state.status, state.since, state.reason
        self.wave, self.resume_to = state.wave, state.resume_to
        self.sites: dict[str, SiteProgress] = dict(state.sites)
        self.approvals, self.holds = dict(state.approvals), dict(state.holds)
        self.unreachable_allowance = state.unreachable_allowance
        self.orders: list[Order] = []

    def freeze(self) -> RolloutState:
        """Return the state that was decided."""
        return self._before.model_copy(
            update={
                "status": self.status, "since": self.since, "reason": self.reason, "wave": self.wave,
                "resume_to": self.resume_to, "sites": self.sites, "approvals": self.approvals, "holds": self.holds,
                "unreachable_allowance": self.unreachable_allowance,
            }
        )  # fmt: skip

    def enter(self, status: RolloutStatus, reason: str = "") -> None:
        """Move the rollout to another status."""
        self.status, self.since, self.reason = status, self.now, reason

    def change(self, site: str, **changes: Any) -> None:
        """Change fields of one site's progress."""
        self.sites[site] = self.sites[site].model_copy(update=changes)

    def move(self, site: str, state: SiteState, reason: str = "", **changes: Any) -> None:
        """Move one site to another state, now."""
        self.change(site, state=state, since=self.now, reason=reason, **changes)

    def is_in(self, site: str, *states: SiteState) -> bool:
        """Whether a site is in one of these states."""
        return self.sites[site].state in states

    def current(self) -> Wave | None:
        """Return the wave that is being worked on, or None when all are through."""
        return self.plan.waves[self.wave] if self.wave < len(self.plan.waves) else None

    def older_than(self, moment: datetime, seconds: int) -> bool:
        """Whether a moment lies at least this long ago."""
        return self.now - moment >= timedelta(seconds=seconds)

    def apply(self, site: str) -> None:
        """Order the new release at a site."""
        generation = self.sites[site].generation + 1
        self.move(site, SiteState.APPLYING, assigned=True, generation=generation)
        self.orders.append(
            Order(
                site=site,
                release=self.plan.release,
                manifest_sha256=self.plan.manifest_sha256,
                generation=generation,
                action="apply",
            )
        )

    def revert(self, site: str, reason: str) -> None:
        """Order what a site ran before."""
        planned = self.plan.sites[site]
        if planned.before is None or planned.before_manifest_sha256 is None:
            raise ValueError(f"{site} has nothing to go back to")
        generation = self.sites[site].generation + 1
        self.move(site, SiteState.REVERTING, reason, generation=generation)
        self.orders.append(
            Order(
                site=site,
                release=planned.before,
                manifest_sha256=planned.before_manifest_sha256,
                generation=generation,
                action="revert",
            )
        )

    def can_go_back(self, site: str) -> bool:
        """Whether a site was moved by this rollout and has something to return to."""
        return self.sites[site].assigned and self.plan.sites[site].before is not None

    def failures(self, sites: tuple[str, ...] | None = None) -> int:
        """Return how many sites counted as failed, among some or all."""
        return sum(self.sites[site].failed for site in (self.sites if sites is None else sites))

    def in_flight(self) -> int:
        """Return how many sites in contact are changing now."""
        return sum(progress.state in IN_FLIGHT and progress.reachable for progress in self.sites.values())
