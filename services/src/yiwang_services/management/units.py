"""Changes of the organisation: every one with a line of history, the closure right after it, and rights that follow at once.

One change at a time (the table is locked against other writers), because two moves that are each harmless can make a
circle together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, insert, literal, not_, or_, select, text, update
from sqlalchemy.orm import Session

from yiwang_kit.errors import Conflict, Invalid
from yiwang_kit.ids import uuid7
from yiwang_services.management import store
from yiwang_services.management import tables as t

USE_VIEW = "v1_unit_use"
KEPT = ("parent", "name", "division", "kind", "active")


def lock(session: Session) -> None:
    """Let no other change of the organisation happen until this one is through."""
    session.execute(text("LOCK TABLE management.unit IN SHARE ROW EXCLUSIVE MODE"))


def change(session: Session, unit_id: UUID, *, by: str, reason: str, now: datetime, **values: Any) -> Any:
    """Change a unit, close its line of history and open the next; return it as it is then."""
    session.execute(update(t.unit).where(t.unit.c.id == unit_id).values(version=t.unit.c.version + 1, **values))
    after = store.unit(session, unit_id)
    if set(values) & set(KEPT):
        write_history(session, after, by=by, reason=reason, now=now)
    return after


def write_history(session: Session, row: Any, *, by: str, reason: str, now: datetime) -> None:
    """Write how a unit is from now on."""
    h = t.unit_history
    session.execute(update(h).where(h.c.unit == row.id, h.c.valid_to.is_(None)).values(valid_to=now))
    kept = {name: getattr(row, name) for name in KEPT}
    session.execute(
        insert(h).values(id=uuid7(), unit=row.id, valid_from=now, valid_to=None, changed_by=by, reason=reason, **kept)
    )


def add(session: Session, *, by: str, now: datetime, code: str | None = None, **values: Any) -> Any:
    """Add a unit with its closure and its first line of history."""
    made = store.add_unit(session, sample=False, now=now, **values)
    if code is not None:
        session.execute(update(t.unit).where(t.unit.c.id == made).values(code=code))
    row = store.unit(session, made)
    write_history(session, row, by=by, reason="", now=now)
    return row


def move(session: Session, unit: Any, parent: Any, *, by: str, reason: str, now: datetime) -> Any:
    """Put a unit with everything below it under another parent."""
    if unit.parent is None:
        raise Conflict("根机构不能移动 / the topmost unit stays where it is")
    below = t.unit_closure
    circle = select(literal(1)).where(below.c.ancestor == unit.id, below.c.descendant == parent.id)
    if session.execute(circle).first() is not None:
        raise Conflict(
            "不能移到自己的下级之下 / a unit cannot move below itself", next="另选上级 / choose another parent"
        )
    if not parent.active:
        raise Conflict("新上级已停用 / the new parent is closed", next="另选上级 / choose another parent")
    hang(session, unit.id, parent.id)
    return change(session, unit.id, by=by, reason=reason, now=now, parent=parent.id)


def hang(session: Session, unit: UUID, parent: UUID) -> None:
    """Take a subtree's rows of the closure from its old ancestors and give it those of its new parent."""
    c = t.unit_closure
    inside = t.unit_closure.alias("inside")
    subtree = select(inside.c.descendant).where(inside.c.ancestor == unit)
    session.execute(delete(c).where(c.c.descendant.in_(subtree), c.c.ancestor.not_in(subtree)))
    up, down = t.unit_closure.alias("up"), t.unit_closure.alias("down")
    rows = (
        select(up.c.ancestor, down.c.descendant, up.c.depth + down.c.depth + 1)
        .select_from(up.join(down, and_(up.c.descendant == parent, down.c.ancestor == unit)))
    )  # fmt: skip
    session.execute(insert(c).from_select(["ancestor", "descendant", "depth"], rows))


def merge(session: Session, unit: Any, into: Any, *, by: str, reason: str, now: datetime) -> dict[str, int]:
    """Bring a unit's people, posts and lower units under another one, and close it; return how many of each."""
    if unit.parent is None:
        raise Conflict("根机构不能并入他处 / the topmost unit cannot be merged")
    children = session.execute(select(t.unit).where(t.unit.c.parent == unit.id).order_by(t.unit.c.id)).all()
    for child in children:
        move(session, child, into, by=by, reason=reason, now=now)
    people: Any = session.execute(update(t.person).where(t.person.c.home_unit == unit.id).values(home_unit=into.id))
    change(session, unit.id, by=by, reason=reason, now=now, active=False, merged_into=into.id)
    return {"units": len(children), "people": int(people.rowcount), "posts": _move_posts(session, unit.id, into.id)}


def _move_posts(session: Session, unit: UUID, into: UUID) -> int:
    """Let posts go along, except those that somebody holds at the other unit already."""
    held = t.post.alias("held")
    twice = exists().where(held.c.person == t.post.c.person, held.c.role == t.post.c.role, held.c.unit == into)
    session.execute(delete(t.post).where(t.post.c.unit == unit, twice))
    moved: Any = session.execute(update(t.post).where(t.post.c.unit == unit).values(unit=into))
    return int(moved.rowcount)


def close(session: Session, unit: Any, *, by: str, reason: str, now: datetime) -> int:
    """Close a unit and everything below it; return how many units."""
    below = t.unit_closure
    rows = session.execute(
        select(t.unit.c.id).join(below, below.c.descendant == t.unit.c.id)
        .where(below.c.ancestor == unit.id, t.unit.c.active).order_by(t.unit.c.id)
    ).scalars().all()  # fmt: skip
    for each in rows:
        change(session, each, by=by, reason=reason, now=now, active=False)
    return len(rows)


def divisions_below(session: Session, unit: UUID) -> list[str]:
    """Return the divisions that a unit and those below it serve."""
    below = t.unit_closure
    query = select(t.unit.c.division).join(below, below.c.descendant == t.unit.c.id).where(below.c.ancestor == unit)
    return sorted(set(session.execute(query).scalars()))


def uses(session: Session, unit: UUID) -> list[dict[str, Any]]:
    """Return what still hangs on a unit or those below it, as services publish it.

    Services do not know each other: one that keeps something for units publishes `<service>_public.v1_unit_use
    (unit_id, what_zh, what_en, n)`, and whoever publishes it is asked.
    """
    found = session.execute(_PUBLISHERS, {"view": USE_VIEW}).scalars().all()
    rows: list[dict[str, Any]] = []
    for schema in found:
        query = text(
            f"SELECT u.what_zh, u.what_en, SUM(u.n) AS n FROM {schema}.{USE_VIEW} u "  # noqa: S608 - a schema's own name
            "JOIN management.unit_closure c ON c.descendant = u.unit_id WHERE c.ancestor = :unit "
            "GROUP BY u.what_zh, u.what_en ORDER BY u.what_zh"
        )
        rows += [{**dict(row._mapping), "n": int(row.n)} for row in session.execute(query, {"unit": unit})]
    return [row for row in rows if row["n"]]


_PUBLISHERS = text("SELECT table_schema FROM information_schema.views WHERE table_name = :view ORDER BY table_schema")


def refuse_in_use(session: Session, unit: Any) -> None:
    """Raise Conflict, naming what to settle first, while something still hangs on a unit or those below it."""
    held = uses(session, unit.id)
    if held:
        zh = "、".join(f"{row['n']} {row['what_zh']}" for row in held)
        en = ", ".join(f"{row['n']} {row['what_en']}" for row in held)
        raise Conflict(f"{unit.name}及下级还有{zh} / {en} there or below", uses=held,
                       next="先办结或转派，或并入其他机构 / finish or transfer them, or merge the unit into another")  # fmt: skip


# Reading --------------------------------------------------------------------------------------------------------------


def history(session: Session, unit: UUID) -> Sequence[Any]:
    """Return how a unit was, the newest first, with the name its parent has today."""
    h, parent = t.unit_history, t.unit.alias("parent_unit")
    query = select(h, parent.c.name.label("parent_name")).outerjoin(parent, parent.c.id == h.c.parent)
    return session.execute(query.where(h.c.unit == unit).order_by(h.c.valid_from.desc(), h.c.id.desc())).all()


def as_of(session: Session, at: datetime) -> Sequence[Any]:
    """Return every unit as it was at a moment."""
    h = t.unit_history
    lived = and_(h.c.valid_from <= at, or_(h.c.valid_to.is_(None), h.c.valid_to > at))
    return session.execute(select(h).where(lived).order_by(h.c.unit)).all()


def path(session: Session, unit: UUID) -> Sequence[Any]:
    """Return the units from the topmost down to this one."""
    up = t.unit_closure
    query = select(t.unit).join(up, up.c.ancestor == t.unit.c.id).where(up.c.descendant == unit)
    return session.execute(query.order_by(up.c.depth.desc())).all()


def children(session: Session, unit: UUID) -> Sequence[Any]:
    """Return the units directly below, working ones first, each with whether it has units below it."""
    below = t.unit.alias("below")
    has = exists(select(literal(1)).select_from(below).where(below.c.parent == t.unit.c.id))
    query = select(t.unit, has.label("has_children")).where(t.unit.c.parent == unit)
    return session.execute(query.order_by(not_(t.unit.c.active), t.unit.c.id)).all()


def people_in(session: Session, unit: UUID) -> int:
    """Return how many open accounts have their home in this unit."""
    query = select(func.count()).select_from(t.person).where(t.person.c.home_unit == unit, t.person.c.active)
    return int(session.execute(query).scalar_one())


def coded(session: Session, code: str) -> Any:
    """Return the unit with a code, or None."""
    return session.execute(select(t.unit).where(t.unit.c.code == code)).first()


def require_free_code(session: Session, code: str | None, unit: UUID | None = None) -> None:
    """Raise Invalid where another unit has this code."""
    found = coded(session, code) if code is not None else None
    if found is not None and found.id != unit:
        raise Invalid(f"机构编码 {code} 已由{found.name}使用 / the code is taken",
                      errors=[{"field": "code", "expected": "未使用的编码 / a free code"}])  # fmt: skip
