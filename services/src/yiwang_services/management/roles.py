"""Roles, posts and grants in the database: those of the release, and those that a site made of permissions it may pass on.

A role's permissions never change once it is made, because that would change what was given before under other eyes: a
new set is a new role, and the old one is closed for new posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from yiwang_services.management import store
from yiwang_services.management import tables as t
from yiwang_services.management.delegation import RightScope
from yiwang_services.management.domain import SEPARATE_DUTIES

BUSINESS = "business"


def role(session: Session, code: str) -> Any:
    """Return a role, or None."""
    return session.execute(select(t.role).where(t.role.c.code == code)).first()


def rights_of(session: Session, code: str) -> list[str]:
    """Return what a role lets its holder do or pass on."""
    rights = (
        select(table.c.permission).where(table.c.role == code) for table in (t.role_permission, t.role_delegation)
    )
    return sorted(set(session.execute(next(rights).union(*rights)).scalars()))


def permissions(session: Session) -> list[str]:
    """Return every permission that a role of the release holds."""
    query = select(t.role_permission.c.permission).join(t.role, t.role.c.code == t.role_permission.c.role)
    return sorted(set(session.execute(query.where(t.role.c.custom.is_(False))).scalars()))


def make(session: Session, *, code: str, title_zh: str, title_en: str, scope: str, held: Sequence[str],
         home_unit: UUID) -> None:  # fmt: skip
    """Make a role of this site; it belongs to the business, never to the separated duties."""
    session.execute(insert(t.role).values(code=code, title_zh=title_zh, title_en=title_en, duty=BUSINESS, scope=scope,
                                          custom=True, active=True, home_unit=home_unit))  # fmt: skip
    session.execute(insert(t.role_permission), [{"role": code, "permission": name} for name in sorted(set(held))])


def close(session: Session, code: str) -> None:
    """Give a role to nobody any more; who holds it keeps it."""
    session.execute(update(t.role).where(t.role.c.code == code).values(active=False))


def scope_of_post(row: Any, unit: Any) -> RightScope:
    """Return how far a role reaches when held as a post in a unit."""
    return RightScope(unit=unit.id) if row.scope == "unit" else RightScope(division=unit.division)


def posts_at(session: Session, unit: UUID) -> Sequence[Any]:
    """Return the posts of one unit with how far their roles reach."""
    query = select(t.post, t.role.c.scope).join(t.role, t.role.c.code == t.post.c.role).where(t.post.c.unit == unit)
    return session.execute(query.order_by(t.post.c.id)).all()


def give_post(session: Session, *, person: Any, unit: UUID, row: Any, expires_at: datetime | None, by: UUID,
              now: datetime) -> UUID:  # fmt: skip
    """Give a post for a time or for good; giving it again sets its end anew."""
    set_duty(session, person.id, row.duty)
    made = store.add_post(session, person.id, unit, row.code, now)
    session.execute(update(t.post).where(t.post.c.id == made).values(expires_at=expires_at, given_by=by))
    return made


def give_grant(session: Session, *, person: Any, scope: RightScope, row: Any, expires_at: datetime | None, by: UUID,
               now: datetime) -> UUID:  # fmt: skip
    """Give a role's rights over a scope without a post."""
    set_duty(session, person.id, row.duty)
    made = store.add_grant(session, person.id, row.code, scope.unit, scope.division, now)
    session.execute(
        update(t.direct_grant).where(t.direct_grant.c.id == made).values(expires_at=expires_at, given_by=by)
    )
    return made


def set_duty(session: Session, person: UUID, duty: str) -> None:
    """Write down which of the separated duties a person has: there is room for one, and the views honour no other."""
    if duty in SEPARATE_DUTIES:
        session.execute(update(t.person).where(t.person.c.id == person).values(separated_duty=duty))


def free_duty(session: Session, person: UUID) -> None:
    """Make room for another duty once the last post or grant of the present one is gone."""
    if not store.duties_of(session, person) & SEPARATE_DUTIES:
        session.execute(update(t.person).where(t.person.c.id == person).values(separated_duty=None))


def strip(session: Session, person: UUID) -> int:
    """End every post and grant of a person; return how many."""
    ended = 0
    for table in (t.post, t.direct_grant):
        result: Any = session.execute(delete(table).where(table.c.person == person))
        ended += int(result.rowcount)
    free_duty(session, person)
    return ended


def expire(session: Session, now: datetime) -> list[Any]:
    """Remove posts and grants whose time is over; return them. The views stopped honouring them at the moment itself."""
    ended: list[Any] = []
    for table in (t.post, t.direct_grant):
        rows = session.execute(select(table).where(table.c.expires_at <= now)).all()
        session.execute(delete(table).where(table.c.expires_at <= now))
        ended += rows
    for person in {row.person for row in ended}:
        free_duty(session, person)
    return ended


def act_in(session: Session, session_id: UUID, person: UUID, post: UUID | None) -> None:
    """Act in one post for the rest of a session, or in all of them again."""
    session.execute(delete(t.acting_post).where(t.acting_post.c.session == session_id))
    if post is not None:
        session.execute(insert(t.acting_post).values(session=session_id, person=person, post=post))
