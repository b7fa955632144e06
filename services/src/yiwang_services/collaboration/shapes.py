"""How orders look from outside: rows of a list, one order with its story and what this person may do with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_services.collaboration import assists, limits, store
from yiwang_services.collaboration.domain import mask_name, mask_phone
from yiwang_services.collaboration.service import Orders
from yiwang_services.collaboration.transitions import CLOSED, HANDED_OVER, REPORTER, STATES, Field, Transition, titles


def row_json(row: Any, site: str, now: datetime) -> dict[str, Any]:
    """Return an order as a row of a list."""
    zh, en = STATES.get(row.state, (row.state, row.state))
    return {
        "id": str(row.id), "number": row.number, "title": row.title,
        "matter": {"code": row.matter, "name": row.matter_name}, "state": row.state, "state_zh": zh, "state_en": en,
        "division": row.division, "division_name": row.division_name, "owner_site": row.owner_site,
        "here": row.owner_site == site and row.state != HANDED_OVER,
        "unit": {"id": str(row.unit) if row.unit else None, "name": row.unit_name} if row.unit_name else None,
        "due_at": row.due_at.isoformat(), "overdue": row.state != CLOSED and row.due_at < now,
        "created_at": row.created_at.isoformat(), "updated_at": row.updated_at.isoformat(),
        "channel": row.channel, **flags_json(row, now),
    }  # fmt: skip


def flags_json(row: Any, now: datetime) -> dict[str, Any]:
    """Return what an order carries beside its state."""
    asked = {"until": row.extension_until.isoformat(), "note": row.extension_note} if row.extension_until else None
    called = {"result": row.callback, "attempts": row.callback_attempts} if row.callback_attempts else None
    return {
        "generated": row.generated, "supervised": row.supervised, "urged": row.urged, "round": row.round,
        "bounces": row.bounces, "arbitration": row.arbitration, "callback": called, "extension": asked,
        "suspended_until": moment_json(row.suspended_until) if limits.suspended(row, now) else None,
        "merged_into": str(row.merged_into) if row.merged_into else None, "stage": stage_json(row, now),
    }  # fmt: skip


def stage_json(row: Any, now: datetime) -> dict[str, Any] | None:
    """Return the stage clock, or None for an order that is in no stage."""
    if not row.stage:
        return None
    zh, en = limits.TITLES[row.stage]
    due = row.stage_due_at
    return {
        "name": row.stage, "title_zh": zh, "title_en": en, "started_at": moment_json(row.stage_started_at),
        "due_at": moment_json(due), "overdue": due is not None and due < now,
        "suspended_seconds": limits.paused(row, now),
    }  # fmt: skip


def moment_json(at: datetime | None) -> str | None:
    """Return a moment as text, or None."""
    return at.isoformat() if at is not None else None


class Shapes:
    """Shows orders to one person. 工单视图。"""

    def __init__(self, orders: Orders, actor: Actor) -> None:
        self._orders = orders
        self._actor = actor
        self._site = orders.site
        self._offered: list[dict[str, str]] | None = None

    def whole(self, session: Session, row: Any) -> dict[str, Any]:
        """Return one order with its story and actions."""
        located = row.longitude is not None and row.latitude is not None
        return {
            **row_json(row, self._site.id, self._orders.runtime.clock.now()),
            "description": row.description, "channel": row.channel, "address": row.address,
            "location": {"lon": row.longitude, "lat": row.latitude} if located else None,
            "due_basis": row.due_basis, "version": row.version,
            "received_at": row.received_at.isoformat() if row.received_at else None,
            "reporter": self._reporter(session, row),
            **self._depth(session, row),
            "trace": [entry_json(entry) for entry in store.entries(session, row.id)],
            "actions": [self._action(session, row, rule, why) for rule, why in self._orders.actions(session, row, self._actor)],
        }  # fmt: skip

    def _depth(self, session: Session, row: Any) -> dict[str, Any]:
        """Return what only the page of one order shows: its limits, stages, helpers, merged orders and evidence."""
        wanted, placed = limits.rules(row.rules), row.disposal_longitude is not None
        photos = self._orders.photos(session, row.id)
        return {
            "original_due_at": moment_json(row.original_due_at), "matter_version": row.matter_version,
            "limits": limits_json(wanted), "total_seconds": self._running(row),
            "stages": [finished_json(stage) for stage in assists.stages(session, row.id)],
            "suspensions": [spell_json(spell) for spell in assists.spells(session, row.id)],
            "assists": [assist_json(one) for one in assists.of(session, row.id)],
            "merged": [{"id": str(m.id), "number": m.number, "title": m.title} for m in assists.merged(session, row.id)],
            "disposal_location": {"lon": row.disposal_longitude, "lat": row.disposal_latitude} if placed else None,
            "evidence": {"photos": {"required": wanted.photos, "present": photos},
                         "position": {"required": wanted.position, "present": placed}},
        }  # fmt: skip

    def _running(self, row: Any) -> int:
        """Return the seconds of the clock that never stops: from intake, or from reopening, to closure or now."""
        end = row.closed_at or self._orders.runtime.clock.now()
        return int((end - (row.round_started_at or row.created_at)).total_seconds())

    def _reporter(self, session: Session, row: Any) -> dict[str, Any]:
        open_ = store.may(session, row.id, self._actor, REPORTER)
        name, phone = row.reporter_name, row.reporter_phone
        return {
            "name": name if open_ else mask_name(name),
            "phone": phone if open_ else mask_phone(phone),
            "masked": not open_,
        }

    def _action(self, session: Session, row: Any, rule: Transition, why: str | None) -> dict[str, Any]:
        # Choices cost a query: they are read only for what can be done.
        fields = [self._field(session, row, field, with_choices=why is None) for field in rule.fields]
        return {"name": rule.action, "title_zh": rule.title_zh, "title_en": rule.title_en, "allowed": why is None,
                "why_not": why, "fields": fields}  # fmt: skip

    def _field(self, session: Session, row: Any, field: Field, *, with_choices: bool) -> dict[str, Any]:
        choices = [{"value": value, "label": zh, "label_en": en} for value, zh, en in field.choices]
        if with_choices and field.type == "unit":
            choices = self._helpers(session, row) if field.among == "helpers" else self._units(session)
        if with_choices and field.type == "site":
            choices = [{"value": site, "label": self._site_name(session, site)} for site in self._children()]
        return {"name": field.name, "type": field.type, "required": field.required, "label_zh": field.label_zh,
                "label_en": field.label_en, "choices": choices}  # fmt: skip

    def _units(self, session: Session) -> list[dict[str, str]]:
        """Return the units to choose from; several actions of one answer ask for the same."""
        if self._offered is None:
            self._offered = [{"value": str(unit.id), "label": unit.name} for unit in store.units_offered(session)]
        return self._offered

    def _helpers(self, session: Session, row: Any) -> list[dict[str, str]]:
        return [{"value": str(one.unit), "label": one.unit_name} for one in assists.waiting(session, row.id)]

    def _children(self) -> list[str]:
        return [site for site in self._site.children if self._orders.story.reachable(site)]

    def _site_name(self, session: Session, site: str) -> str:
        code, _, instance = site.partition("-")
        division = store.division(session, code)
        name = division.name if division is not None else site
        return f"{name} ({instance})" if instance else name


def limits_json(wanted: limits.Rules) -> dict[str, Any]:
    """Return what the matter's version promised."""
    total = wanted.total.json() if wanted.total else None
    return {"total": total, "stages": [{"name": name, **limit.json()} for name, limit in wanted.stages.items()]}


def finished_json(row: Any) -> dict[str, Any]:
    """Return a stage that is over."""
    zh, en = limits.TITLES.get(row.name, (row.name, row.name))
    return {"n": row.n, "round": row.round, "stage": row.name, "title_zh": zh, "title_en": en,
            "started_at": moment_json(row.started_at), "ended_at": moment_json(row.ended_at),
            "due_at": moment_json(row.due_at), "suspended_seconds": row.suspended_seconds,
            "on_time": row.ended_at <= row.due_at if row.due_at else None}  # fmt: skip


def spell_json(row: Any) -> dict[str, Any]:
    """Return a pause of the stage clock."""
    return {"reason": row.reason, "note": row.note, "from": moment_json(row.started_at), "until": moment_json(row.until),
            "ended_at": moment_json(row.ended_at)}  # fmt: skip


def assist_json(row: Any) -> dict[str, Any]:
    """Return a question to another unit, with its answer."""
    return {"id": str(row.id), "unit": {"id": str(row.unit), "name": row.unit_name}, "question": row.question,
            "state": row.state, "answer": row.answer or None, "asked_at": moment_json(row.asked_at),
            "answered_at": moment_json(row.answered_at)}  # fmt: skip


def entry_json(row: Any) -> dict[str, Any]:
    """Return a trace entry."""
    zh, en = titles(row.action)
    return {"n": row.n, "at": row.at.isoformat(), "site": row.site, "site_name": row.site_name, "actor": row.actor,
            "action": row.action, "action_zh": zh, "action_en": en, "from": row.from_state or None, "to": row.to_state,
            "note": row.note or None, "unit": row.unit or None}  # fmt: skip
