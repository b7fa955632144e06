"""What control shows: plain JSON for the command line and the console, made from models and nothing else."""

from __future__ import annotations

from typing import Any

from yiwang.control.context import Control
from yiwang.model.rollout import STATUS_TITLES, RolloutState
from yiwang_kit.errors import Conflict


def rollout(state: RolloutState, journal: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return a rollout with its waves and sites."""
    zh, en = STATUS_TITLES[state.status]
    plan = state.plan
    shown: dict[str, Any] = {
        "id": plan.id, "release": plan.release, "policy": plan.policy.name, "status": state.status.value,
        "status_zh": zh, "status_en": en, "since": state.since.isoformat(), "reason": state.reason,
        "created_at": plan.created_at.isoformat(), "finished": state.finished(), "wave": state.wave,
        "waves": [
            {"name": wave.name, "title_zh": wave.title_zh, "sites": list(wave.sites), "soak_seconds": wave.soak_seconds,
             "approvals": wave.approvals, "approved_by": list(state.approvals.get(wave.name, ()))}
            for wave in plan.waves
        ],
        "sites": {
            site: {"state": progress.state.value, "since": progress.since.isoformat(), "reason": progress.reason,
                   "generation": progress.generation, "before": plan.sites[site].before}
            for site, progress in state.sites.items()
        },
        "excluded": dict(plan.excluded),
        "failed": state.failures(), "failed_budget": plan.policy.failed_budget,
    }  # fmt: skip
    return shown if journal is None else {**shown, "journal": journal}


def status(control: Control, visible: list[str] | None) -> dict[str, Any]:
    """Return control's own state and one line a site."""
    kernel = control.kernel
    with kernel.transaction() as store:
        progress = store.progress()
    rows = []
    for row in control.matrix.rows(visible):
        heard = kernel.contacts.get(row.site)
        said = progress.get(row.site)
        signed = kernel.commands.get(row.site)
        rows.append({
            **row.model_dump(mode="json"),
            "assigned": signed.command.release if signed else None,
            "seen_at": heard.isoformat() if heard else None,
            "progress": said.model_dump(mode="json") if said else None,
            "rollout": control.rollouts.holder(row.site),
        })  # fmt: skip
    active = [rollout(state) for state in control.rollouts.active()] if visible is None else []
    return {
        "as_of": kernel.clock.now().isoformat(), "epoch": kernel.epoch, "observing": kernel.observing or None,
        "sites": rows, "rollouts": active,
    }  # fmt: skip


def assign(control: Control, site: str, release: str, actor: str) -> dict[str, Any]:
    """Tell one site, outside any rollout, to run a release (again)."""
    kernel = control.kernel
    with kernel.lock:
        holder = control.rollouts.holder(site)
        if holder is not None:
            raise Conflict(f"{site} 正在推广 {holder} 中 / {site} is in rollout {holder}",
                           next=f"yiwang rollout status {holder}")  # fmt: skip
        _enterable(control, site, release)
        with kernel.transaction() as store:
            control.orders.prepare(store, release, [site])
            generation = control.orders.generation(site) + 1
            signed = control.orders.issue(store, site=site, release=release, generation=generation, action="apply")
            store.append(at=kernel.clock.now(), kind="assigned", actor=actor, data=signed.command.model_dump_json())
        kernel.commands[site] = signed
    kernel.record("assign", actor, site, release=release)
    return signed.command.model_dump(mode="json", by_alias=True)


def _enterable(control: Control, site: str, release: str) -> None:
    signed = control.kernel.commands.get(site)
    running = signed.command.release if signed else None
    if not control.orders.manifest(release).may_be_entered_from(running):
        raise Conflict(f"{release} 不能从 {running} 直接进入 / can't be entered from {running}",
                       next=f"yiwang release show {release}")  # fmt: skip
