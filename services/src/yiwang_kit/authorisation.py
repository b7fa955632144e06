"""Who may do what, where: rights as rows that management publishes, joined by plain SQL.

Because a right is a join and not a filter afterwards, it holds on lists, counts, maps, exports and searches alike, and
somebody moved out of a subtree has lost its rows at the next request. Views that management publishes for this:

- ``management_public.v1_grant(user_id uuid, permission text, unit_id uuid, division text, post_id uuid)``: role-expanded;
  the scope is the unit's subtree, the division's subtree, or both where both are given; `post_id` is NULL for what was
  granted without a post
- ``management_public.v1_unit_closure(ancestor uuid, descendant uuid, depth int)``
- ``management_public.v1_division_closure(ancestor text, descendant text, depth int)``
- ``management_public.v1_unit(id uuid, parent uuid, name text, division text, kind text, active bool)``
- ``management_public.v1_user(id uuid, login text, name text, active bool, must_change_password bool)``
- ``management_public.v1_post(id uuid, user_id uuid, unit_id uuid, unit_name text, division text, role text)``
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, cast, column, false, literal, or_, select, table, true
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.errors import Forbidden

SCHEMA = "management_public"
grant = table(
    "v1_grant",
    column("user_id", Uuid),
    column("permission"),
    column("unit_id", Uuid),
    column("division"),
    column("post_id", Uuid),
    schema=SCHEMA,
)
unit = table("v1_unit", column("id", Uuid), column("parent", Uuid), schema=SCHEMA)
unit_closure = table("v1_unit_closure", column("ancestor", Uuid), column("descendant", Uuid), schema=SCHEMA)
division_closure = table("v1_division_closure", column("ancestor"), column("descendant"), schema=SCHEMA)


def scope_clause(
    actor: Actor, permission: str, *, unit_column: Any = None, division_column: Any = None
) -> ColumnElement[bool]:
    """Return the condition under which a row lies within a grant of this permission to this person.

    A grant scoped by unit covers rows of that unit's subtree; one scoped by division covers rows of that division's
    subtree; a column that is not given, or NULL in the row, cannot satisfy a scope on it.
    """
    scopes = [
        or_(grant.c.unit_id.is_(None), _within(unit_closure, grant.c.unit_id, unit_column)),
        or_(grant.c.division.is_(None), _within(division_closure, grant.c.division, division_column)),
    ]
    held = and_(held_by(actor), grant.c.permission == permission)
    return select(true()).select_from(grant).where(held, *scopes).correlate_except(grant).exists()


def held_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a grant is this person's, and of the post they act in where they chose one."""
    own = grant.c.user_id == actor.user_id
    if actor.acting_post is None:
        return own
    return and_(own, or_(grant.c.post_id.is_(None), grant.c.post_id == actor.acting_post))


def _within(closure: Any, ancestor: Any, descendant: Any) -> ColumnElement[bool]:
    if descendant is None:
        return false()
    leads = and_(closure.c.ancestor == ancestor, closure.c.descendant == descendant)
    # Named outright: left to itself SQLAlchemy correlates one level only, and a row of one's own would satisfy this.
    return select(true()).select_from(closure).where(leads).correlate_except(closure).exists()


def allowed(
    session: Session, actor: Actor, permission: str, *, unit: UUID | None = None, division: str | None = None
) -> bool:
    """Return whether the person holds the permission over this unit and division."""
    unit_value = cast(literal(unit, Uuid), Uuid) if unit is not None else None
    division_value = cast(literal(division), Text) if division is not None else None
    clause = scope_clause(actor, permission, unit_column=unit_value, division_column=division_value)
    return bool(session.execute(select(clause)).scalar())


def holds_site(session: Session, actor: Actor, permission: str, site: str) -> bool:
    """Return whether the person holds the permission over the whole site: its topmost unit, its division."""
    topmost = select(unit.c.id).where(unit.c.parent.is_(None)).order_by(unit.c.id).limit(1).scalar_subquery()
    clause = scope_clause(actor, permission, unit_column=topmost, division_column=cast(literal(site), Text))
    return bool(session.execute(select(clause)).scalar())


def require_allowed(
    session: Session, actor: Actor, permission: str, *, unit: UUID | None = None, division: str | None = None
) -> None:
    """Raise Forbidden, naming the permission, unless the person holds it here."""
    if not allowed(session, actor, permission, unit=unit, division=division):
        raise forbidden(permission)


def forbidden(permission: str) -> Forbidden:
    """Return the answer for a missing right: which one, and whom to ask."""
    return Forbidden(f"缺少权限 {permission} / the permission {permission} is missing here",
                     next="请联系本单位管理员授权 / ask your unit's administrator", permission=permission)  # fmt: skip


def permissions_of(session: Session, actor: Actor) -> list[str]:
    """Return every permission that the person holds anywhere, in order."""
    query = select(grant.c.permission).where(held_by(actor)).distinct().order_by(grant.c.permission)
    return list(session.execute(query).scalars())
