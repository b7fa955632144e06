"""Values that units submit by period: each a revision, approved by another person, late or not; what was approved stays.

The newest approved revision counts. A wrong one is not changed but followed by another, so that a figure can be read as
it was known on any day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import require_allowed, scope_clause
from yiwang_kit.errors import Conflict, Forbidden, Invalid, NotFound
from yiwang_kit.ids import uuid7
from yiwang_services.indicator import store
from yiwang_services.indicator import tables as t
from yiwang_services.indicator.algebra import PLAIN, scale_of, unit_of
from yiwang_services.indicator.domain import Definition
from yiwang_services.indicator.expression import RATIO, Submitted
from yiwang_services.indicator.periods import ZONE, Period, period_of, recent
from yiwang_services.indicator.settings import KEPT_FRESH

SUBMIT, APPROVE = "indicator.value.submit", "indicator.value.approve"
WAITING, APPROVED, REFUSED = STATES = ("submitted", "approved", "refused")
s = t.submission.c


@dataclass(frozen=True)
class Given:
    """What a person submits. 填报内容。"""

    code: str
    division: str
    starts: date
    value: float | None
    numerator: float | None
    denominator: float | None
    note: str


def rule_of(code: str, standing: Mapping[str, Definition]) -> tuple[Definition, Submitted]:
    """Return a published definition that is submitted. Raises NotFound, Invalid."""
    found = standing.get(code)
    if found is None:
        raise NotFound(f"没有已发布的指标 {code} / no published indicator", next="GET /api/indicator/v1/definitions")
    tree = found.tree
    if not isinstance(tree, Submitted):
        raise Invalid(f"{code} 由系统计算，不需填报 / is computed, nobody submits it",
                      errors=[{"field": "code", "expected": "公式为 submitted(…) 的指标 / one that is submitted"}])  # fmt: skip
    return found, tree


def figures(given: Given, wanted: Definition, rule: Submitted) -> dict[str, float | None]:
    """Return value, numerator and denominator as they are kept. Raises Invalid, naming the field."""
    if rule.roll_up != RATIO:
        if given.value is None or given.numerator is not None or given.denominator is not None:
            raise _wrong("value", "只填数值 / a value alone")
        return {"value": given.value, "numerator": None, "denominator": None}
    if given.value is not None or given.numerator is None or given.denominator is None:
        raise _wrong(
            "numerator", "填分子与分母，比率由系统计算 / numerator and denominator; the rate follows from them"
        )
    if given.denominator == 0:
        return {"value": None, "numerator": given.numerator, "denominator": given.denominator}
    scale = scale_of(wanted.unit) if unit_of(wanted.unit) == PLAIN else 1
    return {"value": given.numerator / given.denominator * scale, "numerator": given.numerator,
            "denominator": given.denominator}  # fmt: skip


def _wrong(field: str, expected: str) -> Invalid:
    return Invalid("填报内容不符合指标 / what is submitted does not fit the indicator",
                   errors=[{"field": field, "expected": expected}])  # fmt: skip


def due_day(period: Period, rule: Submitted) -> date:
    """Return the last day on which a submission is on time."""
    return period.ends + timedelta(days=rule.due_days) - timedelta(days=1 if rule.due_days == 0 else 0)


def submit(session: Session, actor: Actor, given: Given, now: datetime) -> Any:
    """Write a revision of a division's value; return its row. Raises what is wrong with it."""
    wanted, rule = rule_of(given.code, store.standing(session))
    require_allowed(session, actor, SUBMIT, division=given.division)
    period = period_of(wanted.period, given.starts)
    if period.starts != given.starts:
        raise _wrong("starts", f"时段首日，如 {period.starts.isoformat()} / the first day of a period")
    if period.starts > now.astimezone(ZONE).date():
        raise _wrong("starts", "时段尚未开始 / the period has not begun")
    place = (s.code == given.code, s.division == given.division, s.starts == given.starts)
    standing = session.execute(select(t.submission).where(*place).order_by(s.revision.desc()).with_for_update()).all()
    if any(row.state == WAITING for row in standing):
        raise Conflict("上一次填报尚待审核 / an earlier submission of this period waits for approval",
                       next="先审核或退回 / approve or refuse it first")  # fmt: skip
    made = uuid7()
    session.execute(insert(t.submission).values(
        id=made, code=given.code, division=given.division, period=wanted.period, starts=given.starts,
        revision=(standing[0].revision if standing else 0) + 1, **figures(given, wanted, rule), note=given.note,
        due=due_day(period, rule), submitted_by=actor.login, submitted_at=now, state=WAITING, decided_by="",
        decided_at=None, reason="",
    ))  # fmt: skip
    return one(session, made)


def decide(session: Session, actor: Actor, submission: UUID, *, approve: bool, reason: str, now: datetime) -> Any:
    """Approve or refuse a waiting revision; never one's own. Returns its row."""
    row = session.execute(select(t.submission).where(s.id == submission).with_for_update()).first()
    if row is None:
        raise NotFound("没有此填报 / no such submission", next="GET /api/indicator/v1/submissions")
    require_allowed(session, actor, APPROVE, division=row.division)
    if row.submitted_by == actor.login:
        raise Forbidden(
            "不能审核自己的填报 / nobody approves their own submission", next="请另一位审核人办理 / ask another person"
        )
    if row.state != WAITING:
        raise Conflict(f"该填报已是 {row.state} / is decided already", next="刷新后查看 / reload")
    state = APPROVED if approve else REFUSED
    values = {"state": state, "decided_by": actor.login, "decided_at": now, "reason": reason}
    session.execute(update(t.submission).where(s.id == submission).values(**values))
    return one(session, submission)


def one(session: Session, submission: UUID) -> Any:
    """Return a revision."""
    return session.execute(select(t.submission).where(s.id == submission)).one()


def page(session: Session, actor: Actor, *, code: str | None, division: str | None, state: str | None,
         as_of: datetime | None, after: UUID | None, limit: int) -> Sequence[Any]:  # fmt: skip
    """Return one page of revisions that this person may read, newest first; `as_of` leaves out what was submitted later."""
    query = select(t.submission).where(scope_clause(actor, store.READ, division_column=s.division))
    asked = (s.code == code if code else None, s.division == division if division else None,
             s.state == state if state else None, s.submitted_at <= as_of if as_of else None, s.id < after if after else None)  # fmt: skip
    query = query.where(*(condition for condition in asked if condition is not None))
    return session.execute(query.order_by(s.id.desc()).limit(limit)).all()


def newest_approved(session: Session, codes: Sequence[str]) -> Sequence[Any]:
    """Return the newest approved revision of every division and period."""
    latest = (
        select(s.code, s.division, s.starts, func.max(s.revision).label("revision"))
        .where(s.state == APPROVED, s.code.in_(codes)).group_by(s.code, s.division, s.starts).subquery()
    )  # fmt: skip
    same = and_(latest.c.code == s.code, latest.c.division == s.division, latest.c.starts == s.starts,
                latest.c.revision == s.revision)  # fmt: skip
    return session.execute(select(t.submission).join(latest, same)).all()


def owed(session: Session, divisions: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """Return the ended periods of which a division has nothing submitted, each with its due day and whether it is late."""
    today, found = now.astimezone(ZONE).date(), []
    rules = {code: (one, one.tree) for code, one in store.standing(session).items() if isinstance(one.tree, Submitted)}
    held = {(row.code, row.division, row.starts) for row in session.execute(
        select(s.code, s.division, s.starts).where(s.code.in_(rules), or_(s.state == WAITING, s.state == APPROVED)))}  # fmt: skip
    for code, (wanted, rule) in sorted(rules.items()):
        assert isinstance(rule, Submitted)  # noqa: S101 - chosen above
        for period in recent(wanted.period, now, min(KEPT_FRESH[wanted.period], 4))[1:]:
            for division in divisions:
                if (code, division, period.starts) not in held:
                    due = due_day(period, rule)
                    found.append({"code": code, "name": wanted.name, "division": division, "due": due.isoformat(),
                                  "period": {"kind": wanted.period, "starts": period.starts.isoformat()},
                                  "late": today > due})  # fmt: skip
    return found


def submission_json(row: Any) -> dict[str, Any]:
    """Return a revision as the API shows it."""
    return {
        "id": str(row.id), "code": row.code, "division": row.division, "revision": row.revision, "state": row.state,
        "period": {"kind": row.period, "starts": row.starts.isoformat()}, "value": row.value,
        "numerator": row.numerator, "denominator": row.denominator, "note": row.note, "due": row.due.isoformat(),
        "late": row.submitted_at.astimezone(ZONE).date() > row.due, "submitted_by": row.submitted_by,
        "submitted_at": row.submitted_at.isoformat(), "decided_by": row.decided_by, "reason": row.reason,
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
    }  # fmt: skip
