"""Alarms: rules of topics judged over this site's division and those directly below; raised, acknowledged, cleared.

A rule is judged on everything the site knows, whoever asks; an alarm is shown to who may read its division. One that
stands is open once; it ends when its condition no longer holds, and the trail keeps when it came and who took note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, true, update
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import allowed, scope_clause
from yiwang_kit.ids import uuid7
from yiwang_kit.runtime import Runtime
from yiwang_services.situation import facts, figures, store
from yiwang_services.situation import tables as t
from yiwang_services.situation.figures import Place
from yiwang_services.situation.manifest import AlarmRule, Manifest
from yiwang_services.situation.metrics import Metrics
from yiwang_services.situation.settings import ALARM_SECONDS

OBJECT: Final = "alarm"
JUDGE: Final = "situation"
LEVELS: Final = ("attention", "urgent", "critical")
a = t.alarm.c
Key = tuple[str, str, str]
"""Topic, rule, division."""


@dataclass(frozen=True)
class Judged:
    """A rule that is met in a division, by which value. 告警判定。"""

    key: Key
    rule: AlarmRule
    value: float


def judge(runtime: Runtime, metrics: Metrics, *, if_due: bool = False) -> None:
    """Judge every rule of every published topic; raise what is new, end what no longer holds."""
    now = runtime.clock.now()
    with runtime.database.transaction(store.SERVICE) as session:
        if if_due and not due(session, now):
            return
        store.hold(session)
        if if_due and not due(session, now):
            return
        place = store.place(session, runtime.settings.site.code)
        met = {
            one.key: one for topic in store.published(session) for one in rules_met(session, topic.manifest, place, now)
        }
        standing = {(row.topic, row.code, row.division): row for row in session.execute(open_alarms())}
        raised = [one for key, one in met.items() if key not in standing]
        ended = [row for key, row in standing.items() if key not in met]
        keep(session, [(standing[key], one) for key, one in met.items() if key in standing], now)
        for one in raised:
            raise_alarm(session, runtime, one, now)
        for row in ended:
            end(session, runtime, row, now)
        store.set_mark(session, store.ALARMS, "", now)
    metrics.judged(len(met), len(raised))


def due(session: Session, now: datetime) -> bool:
    """Return whether the last judgement is old enough for another."""
    at = store.marked(session, store.ALARMS, "at")
    return at is None or now - at >= timedelta(seconds=ALARM_SECONDS)


def open_alarms() -> Any:
    """Return the query for what stands."""
    return select(t.alarm).where(a.cleared_at.is_(None))


def rules_met(session: Session, manifest: Manifest, place: Place, now: datetime) -> Iterator[Judged]:
    """Yield the rules of a topic that are met, division by division."""
    if not manifest.alarms:
        return
    values = watched(session, manifest, place, now)
    for rule in manifest.alarms:
        for division in place.chosen(rule.at):
            value = values.get((rule.figure, division))
            if value is not None and rule.met(value):
                yield Judged((manifest.topic, rule.code, division), rule, value)


def watched(session: Session, manifest: Manifest, place: Place, now: datetime) -> dict[tuple[str, str], float | None]:
    """Return the values that rules watch, by figure and division; data that are stale call for nobody."""
    wanted = {rule.figure for rule in manifest.alarms}
    chosen = [one for one in manifest.figures if one.id in wanted]
    asked = tuple(dict.fromkeys(one.orders for one in chosen if one.orders is not None))
    counts = facts.counted(session, asked, facts.Sight(true(), facts.about(manifest)), place.all, now)
    codes = [one.indicator for one in chosen if one.indicator]
    today = now.astimezone(facts.ZONE).date()
    held = figures.read_values(session, codes, place, set(place.all), today) if codes else {}
    found: dict[tuple[str, str], float | None] = {}
    for one in chosen:
        for division in place.all:
            if one.orders is not None:
                found[one.id, division] = float(counts[division][asked.index(one.orders)])
            else:
                rows = [row for row in held.get(one.indicator or "", []) if row.division == division]
                fresh = bool(rows) and not figures.stale(rows[0].data_time, now)
                found[one.id, division] = rows[0].value if fresh else None
    return found


def keep(session: Session, standing: Sequence[tuple[Any, Judged]], now: datetime) -> None:
    """Note of alarms that stand which value they have now."""
    for row, one in standing:
        session.execute(update(t.alarm).where(a.id == row.id).values(value=one.value, seen_at=now))


def raise_alarm(session: Session, runtime: Runtime, one: Judged, now: datetime) -> None:
    """Write a new alarm, and into the trail that it came."""
    topic, code, division = one.key
    number = uuid7()
    session.execute(
        insert(t.alarm).values(
            id=number, topic=topic, code=code, division=division, level=one.rule.level, title=one.rule.title.zh,
            title_en=one.rule.title.en, figure=one.rule.figure, threshold=one.rule.threshold, value=one.value,
            raised_at=now, seen_at=now, note="",
        )
    )  # fmt: skip
    detail = {"topic": topic, "code": code, "division": division, "value": one.value, "threshold": one.rule.threshold}
    trail(session, runtime, JUDGE, "raise", number, detail)


def end(session: Session, runtime: Runtime, row: Any, now: datetime) -> None:
    """End an alarm whose condition no longer holds."""
    session.execute(update(t.alarm).where(a.id == row.id).values(cleared_at=now))
    trail(session, runtime, JUDGE, "clear", row.id, {"topic": row.topic, "code": row.code, "division": row.division})


def acknowledge(session: Session, runtime: Runtime, actor: Actor, alarm_id: UUID, note: str, now: datetime) -> None:
    """Note who has taken an alarm on."""
    session.execute(
        update(t.alarm).where(a.id == alarm_id).values(acknowledged_at=now, acknowledged_by=actor.name, note=note)
    )
    trail(session, runtime, actor.login, "acknowledge", alarm_id, {"note": note})


def trail(session: Session, runtime: Runtime, actor: str, verb: str, alarm_id: UUID, detail: dict[str, Any]) -> None:
    """Write a change into the trail."""
    runtime.audit.record(session, actor=actor, action=f"situation.alarm.{verb}", object_type=OBJECT,
                         object_id=str(alarm_id), detail=detail)  # fmt: skip


def readable(actor: Actor, topics: Sequence[str]) -> list[Any]:
    """Return the conditions under which a person sees an alarm: a topic of theirs, a division of theirs."""
    return [a.topic.in_(topics), scope_clause(actor, store.READ, division_column=a.division)]


def page(session: Session, actor: Actor, topics: Sequence[str], *, division: str | None, only_open: bool,
         after: UUID | None, limit: int) -> Sequence[Any]:  # fmt: skip
    """Return one page of alarms, the newest first."""
    query = select(t.alarm).where(*readable(actor, topics))
    if division is not None:
        up = t.closure.c
        query = query.where(a.division.in_(select(up.descendant).where(up.ancestor == division)))
    if only_open:
        query = query.where(a.cleared_at.is_(None))
    if after is not None:
        query = query.where(a.id < after)
    return session.execute(query.order_by(a.id.desc()).limit(limit)).all()


def most_urgent(rows: Sequence[Any], limit: int) -> list[Any]:
    """Return the alarms that come first where not all fit: the loudest, not yet taken on, of the largest division."""
    return sorted(rows, key=lambda row: (-LEVELS.index(row.level), row.acknowledged_at is not None, row.division))[
        :limit
    ]


def one(session: Session, actor: Actor, topics: Sequence[str], alarm_id: UUID) -> Any:
    """Return an alarm that this person may see, or None."""
    return session.execute(select(t.alarm).where(a.id == alarm_id, *readable(actor, topics))).first()


def may_acknowledge(session: Session, actor: Actor, division: str) -> bool:
    """Return whether the person may acknowledge alarms of a division."""
    return allowed(session, actor, store.ACKNOWLEDGE, division=division)
