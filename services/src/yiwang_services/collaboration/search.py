"""Lists, searches and counts of work orders: one set of conditions, narrowed by the asking person's grants in SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.errors import Invalid
from yiwang_services.collaboration import bigrams
from yiwang_services.collaboration import tables as t
from yiwang_services.collaboration.assists import ASKED
from yiwang_services.collaboration.settings import COUNT_CAP
from yiwang_services.collaboration.sight import visible, written_out
from yiwang_services.collaboration.transitions import CLOSED, HANDED_OVER

BACKSLASH = "\\"
FILLED_AT_ONCE = 500
SORTS = {
    "created": (t.work_order.c.created_at, True),
    "updated": (t.work_order.c.updated_at, True),
    "due": (t.work_order.c.due_at, False),
}
"""Column and whether the newest comes first, by the word in the address."""


@dataclass(frozen=True)
class Filter:
    """What a list shows. 筛选条件。"""

    state: str | None = None
    division: str | None = None
    unit: UUID | None = None
    matter: str | None = None
    category: str | None = None
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str | None = None
    mine: bool = False
    todo: bool = False
    overdue: bool = False
    stage_overdue: bool = False
    suspended: bool = False
    supervised: bool = False
    generated: bool | None = None


def below(division: str) -> ColumnElement[bool]:
    """Return the condition that an order lies in a division or below."""
    down = t.division_closure.c
    return t.work_order.c.scope_division.in_(select(down.descendant).where(down.ancestor == division))


def holds_words(words: str) -> ColumnElement[bool]:
    """Return "holds these words", whatever the case and width; % and _ are only characters."""
    o, terms = t.work_order.c, bigrams.wanted(words)
    if not terms:
        return true()
    indexed = o.search.bool_op("@>")(bindparam(None, terms, type_=ARRAY(Text), unique=True))
    if bigrams.exact(words):
        return indexed
    escaped = bigrams.folded(words).replace(BACKSLASH, BACKSLASH * 2).replace("%", r"\%").replace("_", r"\_")
    return and_(indexed, o.search_text.like(f"%{escaped}%", escape=BACKSLASH))


def fill(session: Session) -> int:
    """Index orders that the release before wrote without search terms, a few at a time; return how many."""
    o = t.work_order.c
    query = select(o.id, o.number, o.title, o.address, o.description).where(o.search.is_(None)).order_by(o.id)
    rows = session.execute(query.limit(FILLED_AT_ONCE)).all()
    for row in rows:
        session.execute(update(t.work_order).where(o.id == row.id).values(**searched(*row[1:])))
    return len(rows)


def searched(number: str, title: str, address: str, description: str) -> dict[str, Any]:
    """Return the columns by which an order is found."""
    text = bigrams.searchable(number, title, address, description)
    return {"search_text": text, "search": bigrams.terms(text)}


def orders(session: Session, actor: Actor, wanted: Filter, *, sort: str, after: Sequence[str] | None, limit: int,
           now: datetime) -> Sequence[Any]:  # fmt: skip
    """Return one page of what the person may see."""
    key, newest_first = SORTS[sort]
    query = narrowed(session, select(t.work_order), actor, wanted, now)
    if after is not None:
        at, last = position(after)
        order_id = t.work_order.c.id
        # The first condition alone already ends the scan of the index; the second cuts what has the same moment.
        query = query.where(key <= at if newest_first else key >= at)
        beyond = (key < at, order_id < last) if newest_first else (key > at, order_id > last)
        query = query.where(or_(beyond[0], and_(key == at, beyond[1])))
    ordering = (key.desc(), t.work_order.c.id.desc()) if newest_first else (key, t.work_order.c.id)
    return session.execute(query.order_by(*ordering).limit(limit)).all()


def found(session: Session, actor: Actor, wanted: str) -> Any:
    """Return the order with a number or an id, if this person may see it."""
    o = t.work_order.c
    try:
        named = o.id == UUID(wanted)
    except ValueError:
        named = o.number == wanted
    return session.execute(select(t.work_order).where(named, visible(session, actor))).first()


def count(session: Session, actor: Actor, wanted: Filter, now: datetime) -> tuple[int, bool]:
    """Return how many the person may see, and whether there are more than are counted."""
    query = narrowed(session, select(t.work_order.c.id), actor, wanted, now).limit(COUNT_CAP + 1)
    found = int(session.execute(select(func.count()).select_from(query.subquery())).scalar_one())
    return min(found, COUNT_CAP), found > COUNT_CAP


def position(after: Sequence[str]) -> tuple[datetime, UUID]:
    """Return the sort key in a cursor. Raises Invalid."""
    try:
        return datetime.fromisoformat(after[0]), UUID(after[1])
    except ValueError as error:
        raise Invalid(
            "分页游标无效 / the cursor is not one of ours", next="去掉 cursor 重新查询 / query again without cursor"
        ) from error


def narrowed(session: Session, query: Select[Any], actor: Actor, wanted: Filter, now: datetime) -> Select[Any]:
    """Add the person's sight and the filter's conditions to a query."""
    return query.where(visible(session, actor), *conditions(wanted, now), *own(session, actor, wanted))


def conditions(wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    """Return what a filter asks of an order, whoever asks."""
    o = t.work_order.c
    going = o.state != CLOSED
    asked: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "state": lambda states: o.state.in_(states.split(",")),
        "division": below,
        "unit": lambda unit: o.unit == unit,
        "matter": lambda codes: o.matter.in_(codes.split(",")),
        "category": lambda names: o.category.in_(names.split(",")),
        "channel": lambda channel: o.channel == channel,
        "since": lambda at: o.created_at >= at,
        "until": lambda at: o.created_at < at,
        "words": holds_words,
        "overdue": lambda _: and_(going, o.due_at < now),
        "stage_overdue": lambda _: and_(going, o.stage_due_at < now),
        "suspended": lambda _: o.suspended_until > now,
        "supervised": lambda _: o.supervised != "",
    }
    found = [make(getattr(wanted, name)) for name, make in asked.items() if getattr(wanted, name)]
    return [*found, o.generated.is_(wanted.generated)] if wanted.generated is not None else found


def own(session: Session, actor: Actor, wanted: Filter) -> list[ColumnElement[bool]]:
    """Return what "mine" and "to do" mean for this person."""
    o, units = t.work_order.c, [post.unit_id for post in actor.posts]
    lead, taken_in = o.unit.in_(units), o.created_by == actor.user_id
    found = [or_(taken_in, lead)] if wanted.mine else []
    if wanted.todo:
        a = t.assist.c
        asked = written_out(session, select(a.work_order).where(a.state == ASKED, a.unit.in_(units)).distinct())
        waiting = or_(lead, and_(o.unit.is_(None), taken_in), o.id.in_(asked))
        found += [o.state.not_in([CLOSED, HANDED_OVER]), waiting]
    return found
