"""What an action changes beside the state: pauses, extensions, assisting units, merging, calls, evidence.

One small function a row of the transition table. By the time it runs, the table has allowed the action, the form of the
fields has been checked and the order's row is held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.errors import Conflict, Invalid, NotFound
from yiwang_services.collaboration import assists, domain, limits, promises, search, settings, store
from yiwang_services.collaboration import transitions as t
from yiwang_services.collaboration.limits import Limit, WorkingTime
from yiwang_services.collaboration.story import Story

Values = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One action on one order. 一次办理。"""

    session: Session
    row: Any
    given: Mapping[str, str]
    actor: Actor
    now: datetime
    calendar: WorkingTime
    story: Story
    photos: Callable[[], int]

    @property
    def note(self) -> str:
        """What the person said."""
        return (self.given.get("note") or "").strip()

    def moment(self, name: str) -> datetime:
        """Return a field that is a moment; its form was checked."""
        return datetime.fromisoformat(self.given[name].strip())


def fault(field: str, expected: str) -> Invalid:
    """Return the answer for a field that cannot be so."""
    return Invalid(
        expected, errors=[{"field": field, "expected": expected}], next="更正后再提交 / correct it and send again"
    )


def returned(case: Case) -> Values:
    """Count the return; the last one allowed goes to the unit that decides."""
    bounces = case.row.bounces + 1
    if bounces < settings.BOUNCE_LIMIT:
        return {"bounces": bounces}
    arbiter = store.arbiter(case.session, settings.ARBITER_KIND)
    unit = {"unit": arbiter.id, "unit_name": arbiter.name} if arbiter is not None else {}
    return {"bounces": bounces, "arbitration": "pending", **unit}


def arbitrated(_: Case) -> Values:
    """Remember that the unit was decided and cannot return the order."""
    return {"arbitration": "decided"}


def suspended(case: Case) -> Values:
    """Stop the stage clock until a moment that is known now."""
    until, farthest = case.moment("until"), case.now + timedelta(days=settings.SUSPEND_DAYS)
    if not case.now < until <= farthest:
        raise fault(
            "until",
            f"须晚于现在且不超过 {settings.SUSPEND_DAYS} 天 / later than now, at most {settings.SUSPEND_DAYS} days",
        )
    reason = case.given["reason"].strip()
    assists.begin_spell(case.session, case.row.id, reason, case.note, case.now, until)
    return limits.pause(case.calendar, case.row, case.now, until, reason)


def resumed(case: Case) -> Values:
    """Let the stage clock run again before the pause was to end."""
    values = limits.resume(case.calendar, case.row, case.now)
    assists.end_spell(case.session, case.row.id, case.now)
    return values


def asked(case: Case) -> Values:
    """Ask another unit for help; the lead unit stays the one that reports."""
    unit = store.unit_by_text(case.session, case.given["unit"])
    if unit is None or unit.id == case.row.unit:
        raise fault("unit", "应为牵头单位以外的单位 / a unit other than the lead")
    if any(row.unit == unit.id for row in assists.waiting(case.session, case.row.id)):
        raise fault("unit", "该单位尚有未答复的协办请求 / this unit has a question to answer already")
    assists.ask(case.session, case.row.id, unit, case.note, case.now)
    return {}


def answered(case: Case) -> Values:
    """Answer the oldest question to a unit of this person."""
    row = assists.mine(case.session, case.row.id, case.actor, t.DISPOSE)
    if row is None:
        raise Conflict("没有向您的单位提出的协办请求 / your unit was not asked")
    assists.settle(case.session, row, assists.ANSWERED, case.note, case.now)
    return {}


def withdrawn(case: Case) -> Values:
    """Take a question back."""
    waiting = assists.waiting(case.session, case.row.id)
    row = next((row for row in waiting if str(row.unit) == case.given["unit"].strip()), None)
    if row is None:
        raise fault("unit", "该单位没有待答复的协办请求 / nothing waits at this unit")
    assists.settle(case.session, row, assists.WITHDRAWN, case.note, case.now)
    return {}


def extension_asked(case: Case) -> Values:
    """Ask for a later limit."""
    until, due = case.moment("until"), case.row.due_at
    if not max(due, case.now) < until <= due + timedelta(days=settings.EXTEND_DAYS):
        raise fault("until", f"须晚于现时限且不超过其后 {settings.EXTEND_DAYS} 天 / later than the limit, at most "
                             f"{settings.EXTEND_DAYS} days")  # fmt: skip
    return {"extension_until": until, "extension_note": case.note}


def extension_granted(case: Case) -> Values:
    """Move the limit, and the stage's by as much; the original one is kept."""
    row = case.row
    later = row.extension_until - row.due_at
    stage = row.stage_due_at + later if row.stage_due_at is not None else None
    return {"due_at": row.extension_until, "original_due_at": row.original_due_at or row.due_at, "stage_due_at": stage,
            "extension_until": None, "extension_note": ""}  # fmt: skip


def extension_refused(_: Case) -> Values:
    """Leave the limit as it is."""
    return {"extension_until": None, "extension_note": ""}


def urged(case: Case) -> Values:
    """Count the urging."""
    return {"urged": case.row.urged + 1, "urged_at": case.now}


def main_order(session: Session, actor: Actor, row: Any, wanted: str) -> Any:
    """Return the order that another is to be merged into. Raises Invalid, naming the field."""
    main = search.found(session, actor, wanted.strip())
    if main is None:
        raise NotFound("没有此主工单，或不在您的范围内 / no such order within your scope")
    if main.id == row.id or main.state in (t.CLOSED, t.HANDED_OVER) or main.owner_site != row.owner_site:
        raise fault("main", "应为本站点办理中的另一工单 / another order that is being handled at this site")
    return main


def merged(case: Case) -> Values:
    """Join the main order: it goes on for both, and both stories say so."""
    main = main_order(case.session, case.actor, case.row, case.given["main"])
    case.story.note_down(case.session, main.id, "joined", f"{case.row.number}：办结后一并答复其诉求人", case.now)
    return {"merged_into": main.id, "callback": ""}


def unmerged(case: Case) -> Values:
    """Take an order out again; the main order's story says so as well."""
    case.story.note_down(case.session, case.row.merged_into, "left", case.row.number, case.now)
    return {"merged_into": None}


def called_back(case: Case) -> Values:
    """Write what the reporter said, or that nobody answered."""
    return {"callback": case.given["result"].strip(), "callback_attempts": case.row.callback_attempts + 1}


def reopened(case: Case) -> Values:
    """Begin a new round with a limit of its own."""
    row = case.row
    total = limits.rules(row.rules).total or _present_limit(case)
    due, basis = case.calendar.due(case.now, total.amount, total.unit) if total else (row.due_at, row.due_basis)
    return {
        "round": row.round + 1, "round_started_at": case.now, "due_at": due, "due_basis": basis, "bounces": 0,
        "arbitration": "", "callback": "", "callback_attempts": 0, "original_due_at": None, "urged_at": None,
    }  # fmt: skip


def _present_limit(case: Case) -> Limit | None:
    known = promises.known(case.session, case.row.matter)
    return known.rules.total if known else None


def disposed(case: Case) -> Values:
    """Keep where the work was done, and refuse a result without the evidence that the matter demands."""
    place = domain.position((case.given.get("position") or "").strip())
    values = {"disposal_longitude": place[0], "disposal_latitude": place[1]} if place else {}
    demand_evidence(case, place is not None or case.row.disposal_longitude is not None)
    return values


def demand_evidence(case: Case, placed: bool) -> None:
    """Raise Invalid where a photo or the position is missing that the matter's version demands."""
    wanted = limits.rules(case.row.rules)
    if wanted.photos and case.photos() < wanted.photos:
        raise fault(
            "photos", f"此事项至少需要 {wanted.photos} 张处置照片 / this matter demands {wanted.photos} photo(s)"
        )
    if wanted.position and not placed:
        raise fault("position", "此事项需要处置位置 / this matter demands the position")


def closing(case: Case) -> Values:
    """Close with proof only."""
    demand_evidence(case, case.row.disposal_longitude is not None)
    return ended(case)


def ended(case: Case) -> Values:
    """Tell the orders that were merged into this one that it is over, however it ended."""
    for row in assists.merged(case.session, case.row.id):
        case.story.note_down(case.session, row.id, "main_closed", case.row.number, case.now)
    return {}


def supervised(case: Case) -> Values:
    """Put an order under supervision."""
    return {"supervised": case.given["level"].strip()}


def released(_: Case) -> Values:
    """Lift supervision."""
    return {"supervised": ""}


EFFECTS: dict[str, Callable[[Case], Values]] = {
    "return": returned, "arbitrate": arbitrated, "suspend": suspended, "resume": resumed, "ask_assist": asked,
    "answer_assist": answered, "withdraw_assist": withdrawn, "request_extension": extension_asked,
    "grant_extension": extension_granted, "refuse_extension": extension_refused, "urge": urged, "merge": merged,
    "unmerge": unmerged, "call_back": called_back, "reopen": reopened, "dispose": disposed, "close": closing, "decline": ended,
    "supervise": supervised, "lift_supervision": released,
}  # fmt: skip


def marks(session: Session, row: Any, now: datetime) -> frozenset[str]:
    """Return what an order carries beside its state."""
    pause = timedelta(hours=settings.URGE_PAUSE_HOURS)
    kept = timedelta(days=settings.REOPEN_DAYS)
    said = {
        t.SUSPENDED: limits.suspended(row, now),
        t.EXTENSION_ASKED: row.extension_until is not None,
        t.ARBITRATING: row.arbitration == "pending",
        t.ARBITRATED: row.arbitration == "decided",
        t.MERGED: row.merged_into is not None,
        t.SUPERVISED: bool(row.supervised),
        t.ASSIST_OPEN: bool(assists.waiting(session, row.id)),
        t.JUST_URGED: row.urged_at is not None and row.urged_at > now - pause,
        t.REOPEN_OVER: row.closed_at is not None and row.closed_at < now - kept,
        t.HAS_STORY: bool(assists.merged(session, row.id)),
    }
    return frozenset(mark for mark, is_so in said.items() if is_so)
