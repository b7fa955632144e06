"""Rollouts in control: the pure core with a journal under it and commands above it.

One decision is one transaction: the event, the commands that follow and the end of the rollout commit together; only
then does memory change. So a crash between two lines leaves either the state before or the state after, and starting
again is replaying the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from yiwang.control.kernel import Kernel
from yiwang.control.orders import Orders
from yiwang.control.store import Store
from yiwang.definition import distribution
from yiwang.model import rollout as m
from yiwang.model.command import SignedCommand
from yiwang.model.site import Mode, Site
from yiwang.rollouts.core import decide, replay
from yiwang.rollouts.planning import Candidate, initial, make_plan
from yiwang_kit.errors import Conflict, Invalid, NotFound


class Rollouts:
    """Plans, drives and remembers rollouts. 推广管理。"""

    def __init__(self, kernel: Kernel, orders: Orders) -> None:
        self._kernel, self._orders = kernel, orders
        self._active: dict[str, m.RolloutState] = {}

    def load(self) -> None:
        """Replay every unfinished rollout from its journal."""
        with self._kernel.lock, self._kernel.transaction() as store:
            self._active = {plan.id: replay(plan, store.events(plan.id)) for plan in store.plans(unfinished=True)}

    # -- planning ----------------------------------------------------------------------------------------------------

    def plan(self, release: str, policy: str, sites: Sequence[str], actor: str) -> m.RolloutState:
        """Make and store a frozen plan; its packs are rendered and published now."""
        kernel = self._kernel
        manifest = self._orders.manifest(release)
        with kernel.lock, kernel.transaction() as store:
            now = kernel.clock.now()
            plan = make_plan(
                id=self._new_id(now), manifest=manifest, policy=_policy(policy),
                candidates=self._candidates(sites), now=now,
            )  # fmt: skip
            self._orders.prepare(store, release, plan.sites)
            store.add_rollout(plan)
            store.append(at=now, kind="planned", actor=actor, rollout=plan.id)
            if not plan.sites:
                store.finish_rollout(plan.id, now)
        state = initial(plan)
        if plan.sites:
            self._active[plan.id] = state
        return state

    def _new_id(self, now: datetime) -> str:
        """Return a short id that sorts by time."""
        with self._kernel.transaction() as store:
            taken = {plan.id for plan in store.plans(limit=1000)}
        day = f"r{now:%Y%m%d}"
        return next(f"{day}-{n}" for n in range(1, len(taken) + 2) if f"{day}-{n}" not in taken)

    def _candidates(self, wanted: Sequence[str]) -> list[Candidate]:
        tree = self._kernel.ports.tree.load()
        unknown = [site for site in wanted if site not in tree]
        if unknown:
            raise NotFound(f"站点树中没有 {', '.join(unknown)} / not in the site tree", next="yiwang site list")
        with self._kernel.transaction() as store:
            enrolled = set(store.sites())
        return [self._candidate(site, enrolled) for site in tree if not wanted or site.id in wanted]

    def _candidate(self, site: Site, enrolled: set[str]) -> Candidate:
        signed = self._kernel.commands.get(site.id)
        running = signed.command if signed else None
        return Candidate(
            site=site.id, tier=site.tier, parent=site.parent, instance=site.instance.value, channel=site.channel,
            windows=site.windows, ours=site.mode is Mode.DEPLOYED, enrolled=site.id in enrolled,
            release=running.release if running else None,
            manifest_sha256=running.manifest_sha256 if running else None,
            generation=running.generation if running else 0, busy=self.holder(site.id),
        )  # fmt: skip

    # -- looking -----------------------------------------------------------------------------------------------------

    def holder(self, site: str) -> str | None:
        """Return the rollout that holds a site now."""
        return next((id for id, state in self._active.items() if site in state.plan.sites), None)

    def active(self) -> list[m.RolloutState]:
        """Return the rollouts that have not ended."""
        return list(self._active.values())

    def state(self, id: str) -> m.RolloutState:
        """Return one rollout, ended or not."""
        if id in self._active:
            return self._active[id]
        with self._kernel.transaction() as store:
            plan = store.plan(id)
            if plan is None:
                raise NotFound(f"没有推广 {id} / there is no rollout {id}", next="yiwang rollout status")
            return replay(plan, store.events(id))

    def newest(self, limit: int = 20) -> list[m.RolloutState]:
        """Return the newest rollouts."""
        with self._kernel.transaction() as store:
            plans = store.plans(limit=limit)
        return [self.state(plan.id) for plan in plans]

    # -- deciding ----------------------------------------------------------------------------------------------------

    def tell(self, id: str, event: m.Event, actor: str) -> m.RolloutState:
        """Give one event to a rollout; what follows is committed before it is believed."""
        kernel = self._kernel
        with kernel.lock:
            state = self.state(id)
            now = kernel.clock.now()
            after, orders = decide(state, event, now)
            if after == state:
                return state
            with kernel.transaction() as store:
                store.lock_rollout(id)
                store.append_event(id, m.JournalEntry(at=now, event=event), actor)
                issued = [self._issue(store, id, order) for order in orders]
                if after.finished():
                    store.finish_rollout(id, now)
            kernel.commands |= {signed.command.site: signed for signed in issued}
            self._remember(id, after)
        self._log(state, after)
        return after

    def _issue(self, store: Store, id: str, order: m.Order) -> SignedCommand:
        return self._orders.issue(
            store, site=order.site, release=order.release, generation=order.generation, action=order.action, rollout=id
        )

    def _remember(self, id: str, state: m.RolloutState) -> None:
        if state.finished():
            self._active.pop(id, None)
        else:
            self._active[id] = state

    def _log(self, before: m.RolloutState, after: m.RolloutState) -> None:
        if before.status is not after.status:
            self._kernel.log.info(
                "rollout", id=after.plan.id, status=after.status.value, wave=after.wave, reason=after.reason
            )

    def decide_by_person(self, id: str, event: m.Event, actor: str) -> m.RolloutState:
        """Give a person's event; refuse when it is too late to say it."""
        state = self.state(id)
        if state.finished():
            raise Conflict(f"推广 {id} 已结束（{state.status}）/ rollout {id} has ended: {state.status}",
                           next=f"yiwang rollout status {id}")  # fmt: skip
        return self.tell(id, event, actor)

    def site_said(self, site: str, event: m.Event) -> None:
        """Give a site's event to the rollout that holds it, if any."""
        holder = self.holder(site)
        if holder is not None:
            self.tell(holder, event, f"agent:{site}")

    def tick(self) -> None:
        """Let time pass: silence, holds and deadlines become events where they change something."""
        if self._kernel.observing:
            return
        holds = self._holds()
        for state in self.active():
            for event in (*self._contact(state), *self._held(state, holds), m.Ticked()):
                self.tell(state.plan.id, event, "control")

    def _contact(self, state: m.RolloutState) -> list[m.Event]:
        """Return who fell silent and who spoke again."""
        limit, now = timedelta(seconds=state.plan.policy.unreachable_seconds), self._kernel.clock.now()
        events: list[m.Event] = []
        for site, progress in state.sites.items():
            heard = self._kernel.contacts.get(site)
            silent = heard is None or now - heard > limit
            if silent and progress.reachable:
                events.append(m.Lost(site=site))
            if not silent and not progress.reachable:
                events.append(m.Seen(site=site))
        return events

    def _holds(self) -> list[m.Hold]:
        with self._kernel.transaction() as store:
            return [hold for hold in store.holds() if hold.in_force(self._kernel.clock.now())]

    def _held(self, state: m.RolloutState, holds: list[m.Hold]) -> list[m.Event]:
        """Return the holds of a rollout's sites, when they changed."""
        held = {site: reason for site in state.plan.sites if (reason := self._hold_on(site, holds))}
        return [m.HoldsChanged(holds=held)] if held != state.holds else []

    def _hold_on(self, site: str, holds: list[m.Hold]) -> str | None:
        tree = self._kernel.ports.tree.load() if any(hold.subtree for hold in holds) else None
        above = {other.id for other in tree.ancestors(site)} if tree is not None and site in tree else set()
        found = (hold for hold in holds if hold.site == site or (hold.subtree and hold.site in above))
        return next((f"{hold.reason} ({hold.by})" for hold in found), None)


def _policy(name: str) -> m.RolloutPolicy:
    policies = {policy.name: policy for policy in distribution().rollout_policies}
    if name not in policies:
        raise Invalid(f"没有策略 {name} / there is no policy {name}; there are: {', '.join(policies)}")
    return policies[name]
