"""Routes for operators, signed by their key; and what consoles may read of their own subtree."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from yiwang.control import views
from yiwang.control.agent_routes import RawBody
from yiwang.control.context import Control
from yiwang.control.requests import Principal
from yiwang.model import rollout as m
from yiwang.model.release import Record
from yiwang.model.trust import SiteId
from yiwang_kit.errors import Conflict, NotFound
from yiwang_kit.ids import uuid7

PAGE = 500


class PlanRequest(Record):
    """What to plan. 计划请求。"""

    release: str
    policy: str = "default"
    sites: tuple[SiteId, ...] = ()


class AssignRequest(Record):
    """One site, one release. 单站指派。"""

    site: SiteId
    release: str


class AbortRequest(Record):
    """How to stop. 中止请求。"""

    roll_back: bool = False
    reason: str = Field(default="", max_length=500)


class PauseRequest(Record):
    """Why to pause. 暂停请求。"""

    reason: str = Field(min_length=1, max_length=500)


class ApproveRequest(Record):
    """Which wave is approved; None = the one that waits. 批准请求。"""

    wave: str | None = None


class RevokeRequest(Record):
    """Whose keys are believed no more, and why. 吊销请求。"""

    site: SiteId
    reason: str = Field(min_length=1, max_length=500)


class HoldRequest(Record):
    """What to leave alone, and for how long. 冻结请求。"""

    site: SiteId
    reason: str = Field(min_length=1, max_length=500)
    hours: float = Field(gt=0, le=24 * 90)
    subtree: bool = False


class SitesRequest(Record):
    """Some sites; none means all. 站点集合。"""

    sites: tuple[SiteId, ...] = ()


class TokenRequest(Record):
    """For which site. 令牌请求。"""

    site: SiteId


class ReleaseRequest(Record):
    """A release folder that control can read. 发布请求。"""

    folder: Path


def router(control: Control) -> APIRouter:
    """Return the operators' routes."""
    routes = APIRouter(prefix="/v1", tags=["operators"])
    _reading(routes, control)
    _rollouts(routes, control)
    _releases(routes, control)
    _revocations(routes, control)
    _holds(routes, control)
    return routes


def _reading(routes: APIRouter, control: Control) -> None:
    @routes.get("/status")
    def status(request: Request) -> dict[str, Any]:
        return views.status(control, control.visible(control.reader(request)))

    @routes.get("/matrix")
    def matrix(request: Request) -> dict[str, Any]:
        return control.matrix.document(control.visible(control.reader(request)))

    @routes.get("/journal")
    def journal(request: Request, after: int = 0) -> dict[str, Any]:
        control.operator(request, b"")
        with control.kernel.transaction() as store:
            rows = store.journal(after=after, limit=PAGE)
        return {"items": rows, "next": rows[-1]["seq"] if len(rows) == PAGE else None}

    @routes.post("/proofs", status_code=202)
    def proofs(request: Request, raw: RawBody) -> dict[str, list[str]]:
        who = control.operator(request, raw)
        return {"asked": control.sites.demand_proof(SitesRequest.model_validate_json(raw).sites, who.title())}

    @routes.post("/observing/end")
    def act_again(request: Request, raw: RawBody) -> dict[str, int]:
        who = control.operator(request, raw)
        control.kernel.record("observing.end", who.title(), "control")
        control.kernel.act_again()
        return {"epoch": control.kernel.epoch}


def _rollouts(routes: APIRouter, control: Control) -> None:
    @routes.get("/rollouts")
    def rollouts(request: Request) -> dict[str, Any]:
        control.operator(request, b"")
        return {"items": [views.rollout(state) for state in control.rollouts.newest()]}

    @routes.post("/rollouts", status_code=201)
    def plan(request: Request, raw: RawBody) -> dict[str, Any]:
        who = control.operator(request, raw)
        wanted = PlanRequest.model_validate_json(raw)
        state = control.rollouts.plan(wanted.release, wanted.policy, wanted.sites, who.title())
        control.kernel.record("rollout.plan", who.title(), state.plan.id, release=wanted.release)
        return views.rollout(state)

    @routes.get("/rollouts/{id}")
    def rollout(id: str, request: Request) -> dict[str, Any]:
        control.operator(request, b"")
        with control.kernel.transaction() as store:
            journal = store.journal(after=0, limit=PAGE, rollout=id)
        return views.rollout(control.rollouts.state(id), journal)

    @routes.post("/rollouts/{id}/start")
    def start(id: str, request: Request, raw: RawBody) -> dict[str, Any]:
        return _person(control, id, m.Started(), control.operator(request, raw))

    @routes.post("/rollouts/{id}/pause")
    def pause(id: str, request: Request, raw: RawBody) -> dict[str, Any]:
        who = control.operator(request, raw)
        return _person(control, id, m.Paused(reason=PauseRequest.model_validate_json(raw).reason), who)

    @routes.post("/rollouts/{id}/resume")
    def resume(id: str, request: Request, raw: RawBody) -> dict[str, Any]:
        return _person(control, id, m.Resumed(), control.operator(request, raw))

    @routes.post("/rollouts/{id}/abort")
    def abort(id: str, request: Request, raw: RawBody) -> dict[str, Any]:
        who, wanted = control.operator(request, raw), AbortRequest.model_validate_json(raw)
        return _person(control, id, m.Aborted(roll_back=wanted.roll_back, reason=wanted.reason), who)

    @routes.post("/rollouts/{id}/approve")
    def approve(id: str, request: Request, raw: RawBody) -> dict[str, Any]:
        who, wanted = control.operator(request, raw), ApproveRequest.model_validate_json(raw)
        state = control.rollouts.state(id)
        return _person(control, id, m.Approved(wave=_wave(state, wanted.wave), by=who.name), who)


def _person(control: Control, id: str, event: m.Event, who: Principal) -> dict[str, Any]:
    """Let a person's event happen, and audit it."""
    state = control.rollouts.decide_by_person(id, event, who.title())
    control.kernel.record(f"rollout.{event.kind}", who.title(), id, status=state.status.value)
    return views.rollout(state)


def _wave(state: m.RolloutState, wanted: str | None) -> str:
    """Return the wave that is meant: the named one, or the one that waits."""
    waves = [wave.name for wave in state.plan.waves]
    if wanted is not None and wanted not in waves:
        raise NotFound(f"没有批次 {wanted} / there is no wave {wanted}; there are: {', '.join(waves)}")
    if wanted is None and state.wave >= len(waves):
        raise Conflict("没有待批准的批次 / no wave waits for approval")
    return wanted or waves[state.wave]


def _releases(routes: APIRouter, control: Control) -> None:
    kernel = control.kernel

    @routes.get("/releases")
    def releases(request: Request) -> dict[str, Any]:
        control.operator(request, b"")
        items = [{"release": name, "manifest_sha256": item.digest()} for name, item in kernel.manifests.items()]
        return {"items": items}

    @routes.post("/releases", status_code=201)
    def publish(request: Request, raw: RawBody) -> dict[str, str]:
        who, wanted = control.operator(request, raw), ReleaseRequest.model_validate_json(raw)
        with kernel.lock:
            manifest = kernel.ports.trust.publish_release(wanted.folder)
            with kernel.transaction() as store:
                store.put_release(manifest, kernel.clock.now())
                store.append(at=kernel.clock.now(), kind="published", actor=who.title(), data=f'"{manifest.release}"')
            kernel.manifests[manifest.release] = manifest
        return {"release": manifest.release, "manifest_sha256": manifest.digest()}

    @routes.get("/assignments")
    def assignments(request: Request) -> dict[str, Any]:
        control.operator(request, b"")
        commands = [signed.command.model_dump(mode="json", by_alias=True) for signed in kernel.commands.values()]
        return {"items": commands}

    @routes.post("/assignments", status_code=201)
    def assign(request: Request, raw: RawBody) -> dict[str, Any]:
        who, wanted = control.operator(request, raw), AssignRequest.model_validate_json(raw)
        return views.assign(control, wanted.site, wanted.release, who.title())

    @routes.post("/tokens", status_code=201)
    def token(request: Request, raw: RawBody) -> dict[str, Any]:
        who, wanted = control.operator(request, raw), TokenRequest.model_validate_json(raw)
        return control.sites.token(wanted.site, who.title())


def _revocations(routes: APIRouter, control: Control) -> None:
    @routes.post("/revocations", status_code=201)
    def revoke(request: Request, raw: RawBody) -> dict[str, Any]:
        who, asked = control.operator(request, raw), RevokeRequest.model_validate_json(raw)
        return control.sites.revoke(asked.site, who.title(), asked.reason)


def _holds(routes: APIRouter, control: Control) -> None:
    kernel = control.kernel

    @routes.get("/holds")
    def holds(request: Request) -> dict[str, Any]:
        control.operator(request, b"")
        with kernel.transaction() as store:
            return {"items": [hold.model_dump(mode="json") for hold in store.holds()]}

    @routes.post("/holds", status_code=201)
    def hold(request: Request, raw: RawBody) -> dict[str, Any]:
        who, wanted = control.operator(request, raw), HoldRequest.model_validate_json(raw)
        now = kernel.clock.now()
        made = m.Hold(
            id=f"h{str(uuid7())[-12:]}", site=wanted.site, subtree=wanted.subtree, reason=wanted.reason, by=who.name,
            not_before=now, not_after=now + timedelta(hours=wanted.hours),
        )  # fmt: skip
        with kernel.transaction() as store:
            store.put_hold(made)
            store.append(at=now, kind="hold", actor=who.title(), data=made.model_dump_json())
        kernel.record("hold", who.title(), wanted.site, reason=wanted.reason)
        return made.model_dump(mode="json")

    @routes.delete("/holds/{id}")
    def lift(id: str, request: Request, raw: RawBody) -> dict[str, str]:
        who = control.operator(request, raw)
        with kernel.transaction() as store:
            if not store.lift_hold(id, kernel.clock.now()):
                raise NotFound(f"没有冻结 {id} / there is no hold {id}", next="yiwang hold list")
            store.append(at=kernel.clock.now(), kind="hold.lifted", actor=who.title(), data=f'"{id}"')
        kernel.record("hold.lift", who.title(), id)
        return {"id": id}
