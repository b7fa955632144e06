"""Reads and writes of divisions, units, people, posts and grants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, or_, select, text, update
from sqlalchemy.orm import Session

from yiwang_kit.ids import uuid7
from yiwang_services.management import tables as t

BACKSLASH = "\\"
LOGIN_KEY, ADDRESS_KEY = "login:", "address:"
"""What stands before a login or an address where tries to sign in are counted."""


def contains(column: Any, words: str) -> ColumnElement[bool]:
    """Return "holds these words", where % and _ are only characters."""
    escaped = words.replace(BACKSLASH, BACKSLASH * 2).replace("%", r"\%").replace("_", r"\_")
    return column.like(f"%{escaped}%", escape=BACKSLASH)  # type: ignore[no-any-return]


# Divisions ------------------------------------------------------------------------------------------------------------


def division(session: Session, code: str) -> Any:
    """Return a kept division, or None."""
    return session.execute(select(t.division).where(t.division.c.code == code)).first()


def division_path(session: Session, code: str) -> Sequence[Any]:
    """Return the divisions from the top down to this one."""
    up = t.division_closure
    query = (
        select(t.division)
        .join(up, up.c.ancestor == t.division.c.code)
        .where(up.c.descendant == code)
        .order_by(up.c.depth.desc())
    )
    return session.execute(query).all()


def division_children(session: Session, code: str) -> Sequence[Any]:
    """Return the direct children, each with whether it has children of its own here."""
    below = t.division.alias("below")
    has = exists(select(literal(1)).select_from(below).where(below.c.parent == t.division.c.code))
    query = select(t.division, has.label("has_children")).where(t.division.c.parent == code)
    return session.execute(query.order_by(t.division.c.code)).all()


def find_divisions(session: Session, words: str, limit: int) -> Sequence[Any]:
    """Return divisions whose name or code holds the words, higher ones first."""
    d = t.division
    query = select(d).where(or_(contains(d.c.name, words), d.c.code == words))
    return session.execute(query.order_by(func.length(d.c.code), d.c.code).limit(limit)).all()


# Units ----------------------------------------------------------------------------------------------------------------


def add_unit(session: Session, *, name: str, division: str, kind: str, parent: UUID | None, sample: bool,
             now: datetime) -> UUID:  # fmt: skip
    """Add a unit below another, with its rows of the closure."""
    made = uuid7()
    session.execute(
        insert(t.unit).values(
            id=made, parent=parent, name=name, division=division, kind=kind, active=True, sample=sample, created_at=now
        )
    )
    session.execute(insert(t.unit_closure).values(ancestor=made, descendant=made, depth=0))
    if parent is not None:
        up = t.unit_closure
        above = select(up.c.ancestor, literal(made, t.unit.c.id.type), up.c.depth + 1).where(up.c.descendant == parent)
        session.execute(insert(up).from_select(["ancestor", "descendant", "depth"], above))
    return made


def root_unit(session: Session) -> Any:
    """Return the site's topmost unit, or None before bootstrap."""
    return session.execute(select(t.unit).where(t.unit.c.parent.is_(None)).order_by(t.unit.c.id)).first()


def unit_named(session: Session, name: str) -> Any:
    """Return the first unit of a name, or None."""
    return session.execute(select(t.unit).where(t.unit.c.name == name).order_by(t.unit.c.id)).first()


def unit(session: Session, unit_id: UUID) -> Any:
    """Return a unit, or None."""
    return session.execute(select(t.unit).where(t.unit.c.id == unit_id)).first()


def units(session: Session, within: ColumnElement[bool], *, words: str | None, division: str | None,
          after: UUID | None, limit: int) -> Sequence[Any]:  # fmt: skip
    """Return one page of units in the order of their ids."""
    query = select(t.unit).where(within)
    if words:
        query = query.where(contains(t.unit.c.name, words))
    if division:
        down = t.division_closure
        query = query.where(
            exists(select(literal(1)).where(down.c.ancestor == division, down.c.descendant == t.unit.c.division))
        )
    if after:
        query = query.where(t.unit.c.id > after)
    return session.execute(query.order_by(t.unit.c.id).limit(limit)).all()


def upper_units(session: Session) -> Sequence[Any]:
    """Return the replica of the units of the tier above."""
    return session.execute(select(t.upper_unit).order_by(t.upper_unit.c.id)).all()


# People ---------------------------------------------------------------------------------------------------------------


def add_person(session: Session, *, login: str, name: str, home_unit: UUID, password: str, must_change: bool,
               sample: bool, now: datetime) -> UUID:  # fmt: skip
    """Add a person; `password` is the hash."""
    made = uuid7()
    session.execute(
        insert(t.person).values(
            id=made,
            login=login,
            name=name,
            home_unit=home_unit,
            active=True,
            sample=sample,
            password=password,
            must_change_password=must_change,
            failures=0,
            locked_until=None,
            created_at=now,
        )
    )
    return made


def person_by_login(session: Session, login: str, *, lock: bool = False) -> Any:
    """Return a person by login, or None."""
    query = select(t.person).where(t.person.c.login == login)
    return session.execute(query.with_for_update() if lock else query).first()


def person(session: Session, person_id: UUID) -> Any:
    """Return a person, or None."""
    return session.execute(select(t.person).where(t.person.c.id == person_id)).first()


def people(session: Session, within: ColumnElement[bool], *, words: str | None, unit_id: UUID | None = None,
           after: UUID | None, limit: int) -> Sequence[Any]:  # fmt: skip
    """Return one page of people with the name of their home unit and how long sign-in is closed to them."""
    query = (
        select(t.person, t.unit.c.name.label("unit_name"), t.sign_in_try.c.locked_until.label("closed_until"))
        .join(t.unit, t.unit.c.id == t.person.c.home_unit)
        .outerjoin(t.sign_in_try, t.sign_in_try.c.key == literal(LOGIN_KEY) + t.person.c.login)
        .where(within)
    )
    if unit_id:
        query = query.where(t.person.c.home_unit == unit_id)
    if words:
        query = query.where(or_(contains(t.person.c.name, words), contains(t.person.c.login, words)))
    if after:
        query = query.where(t.person.c.id > after)
    return session.execute(query.order_by(t.person.c.id).limit(limit)).all()


def set_password(
    session: Session, person_id: UUID, hashed: str, *, must_change: bool, now: datetime | None = None
) -> None:
    """Store a new hash; an account that was closed for wrong tries opens again."""
    values = {"password": hashed, "must_change_password": must_change, "password_changed_at": now}
    login = session.execute(select(t.person.c.login).where(t.person.c.id == person_id)).scalar_one()
    session.execute(update(t.person).where(t.person.c.id == person_id).values(**values))
    forget_tries(session, LOGIN_KEY + login)


def must_change_password(session: Session, person_id: UUID) -> None:
    """Let somebody in for nothing but a new password."""
    session.execute(update(t.person).where(t.person.c.id == person_id).values(must_change_password=True))


def former_passwords(session: Session, person_id: UUID, number: int) -> list[str]:
    """Return the newest hashes that a person used before, the present one first."""
    f = t.former_password
    query = select(f.c.password).where(f.c.person == person_id).order_by(f.c.id.desc()).limit(number)
    present = session.execute(select(t.person.c.password).where(t.person.c.id == person_id)).scalar_one()
    return [present, *session.execute(query).scalars()][:number]


def keep_password(session: Session, person_id: UUID, hashed: str, number: int) -> None:
    """Remember a hash that a person leaves behind, and only the newest few."""
    f = t.former_password
    session.execute(insert(f).values(id=uuid7(), person=person_id, password=hashed))
    kept = select(f.c.id).where(f.c.person == person_id).order_by(f.c.id.desc()).limit(number)
    session.execute(delete(f).where(f.c.person == person_id, f.c.id.not_in(kept)))


def forget_tries(session: Session, key: str) -> None:
    """Forget the wrong tries of a login or an address."""
    session.execute(delete(t.sign_in_try).where(t.sign_in_try.c.key == key))


def set_active(session: Session, person_id: UUID, active: bool) -> None:
    """Open or close an account."""
    session.execute(update(t.person).where(t.person.c.id == person_id).values(active=active))


def set_name(session: Session, person_id: UUID, name: str) -> None:
    """Give a person another name."""
    session.execute(update(t.person).where(t.person.c.id == person_id).values(name=name))


def set_home(session: Session, person_id: UUID, unit_id: UUID) -> None:
    """Give a person another home unit."""
    session.execute(update(t.person).where(t.person.c.id == person_id).values(home_unit=unit_id))


_END = text("DELETE FROM kit.session WHERE user_id = :person AND id <> :kept")


def end_sessions(session: Session, person_id: UUID, *, keep: UUID | None = None) -> None:
    """End a person's sessions, the present one excepted."""
    session.execute(_END, {"person": person_id, "kept": keep or UUID(int=0)})


# Posts, grants, roles -------------------------------------------------------------------------------------------------


def roles(session: Session) -> Sequence[Any]:
    """Return every role."""
    return session.execute(select(t.role).order_by(t.role.c.code)).all()


def role_permissions(session: Session) -> dict[str, list[str]]:
    """Return the permissions of each role."""
    return _by_role(session, t.role_permission)


def role_delegations(session: Session) -> dict[str, list[str]]:
    """Return what the holders of each role may pass on without being allowed to do it."""
    return _by_role(session, t.role_delegation)


def _by_role(session: Session, table: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in session.execute(select(table).order_by(table.c.permission)):
        found.setdefault(row.role, []).append(row.permission)
    return found


def add_post(session: Session, person_id: UUID, unit_id: UUID, role: str, now: datetime) -> UUID:
    """Give a post; giving it again returns the one held."""
    held = select(t.post.c.id).where(t.post.c.person == person_id, t.post.c.unit == unit_id, t.post.c.role == role)
    found = session.execute(held).scalar()
    if found is not None:
        return found  # type: ignore[no-any-return]
    made = uuid7()
    session.execute(insert(t.post).values(id=made, person=person_id, unit=unit_id, role=role, created_at=now))
    return made


def post(session: Session, post_id: UUID) -> Any:
    """Return a post, or None."""
    return session.execute(select(t.post).where(t.post.c.id == post_id)).first()


def posts(session: Session, within: ColumnElement[bool], *, person_id: UUID | None = None, unit_id: UUID | None = None,
          after: UUID | None, limit: int) -> Sequence[Any]:  # fmt: skip
    """Return one page of posts with the names that a page shows."""
    query = (
        select(t.post, t.unit.c.name.label("unit_name"), t.person.c.name.label("person_name"), t.role.c.title_zh,
               t.role.c.title_en)
        .join(t.unit, t.unit.c.id == t.post.c.unit)
        .join(t.person, t.person.c.id == t.post.c.person)
        .join(t.role, t.role.c.code == t.post.c.role)
        .where(within)
    )  # fmt: skip
    if person_id:
        query = query.where(t.post.c.person == person_id)
    if unit_id:
        query = query.where(t.post.c.unit == unit_id)
    if after:
        query = query.where(t.post.c.id > after)
    return session.execute(query.order_by(t.post.c.id).limit(limit)).all()


def remove_post(session: Session, post_id: UUID) -> None:
    """Take a post away; rights end with the next request."""
    session.execute(delete(t.post).where(t.post.c.id == post_id))


def add_grant(session: Session, person_id: UUID, role: str, unit_id: UUID | None, division: str | None,
              now: datetime) -> UUID:  # fmt: skip
    """Give a role's rights over a unit or a division without a post."""
    made = uuid7()
    session.execute(
        insert(t.direct_grant).values(
            id=made, person=person_id, role=role, unit=unit_id, division=division, created_at=now
        )
    )
    return made


def grants(session: Session, person_ids: ColumnElement[bool], *, person_id: UUID | None = None, after: UUID | None,
           limit: int) -> Sequence[Any]:  # fmt: skip
    """Return one page of direct grants."""
    query = select(t.direct_grant).join(t.person, t.person.c.id == t.direct_grant.c.person).where(person_ids)
    if person_id:
        query = query.where(t.direct_grant.c.person == person_id)
    if after:
        query = query.where(t.direct_grant.c.id > after)
    return session.execute(query.order_by(t.direct_grant.c.id).limit(limit)).all()


def grant(session: Session, grant_id: UUID) -> Any:
    """Return a direct grant, or None."""
    return session.execute(select(t.direct_grant).where(t.direct_grant.c.id == grant_id)).first()


def remove_grant(session: Session, grant_id: UUID) -> None:
    """Take a direct grant away."""
    session.execute(delete(t.direct_grant).where(t.direct_grant.c.id == grant_id))


def duties_of(session: Session, person_id: UUID) -> set[str]:
    """Return the duties of every role that a person holds by post or grant."""
    by_post = select(t.role.c.duty).join(t.post, t.post.c.role == t.role.c.code).where(t.post.c.person == person_id)
    by_grant = select(t.role.c.duty).join(t.direct_grant, t.direct_grant.c.role == t.role.c.code)
    by_grant = by_grant.where(t.direct_grant.c.person == person_id)
    return set(session.execute(by_post.union(by_grant)).scalars())


# Sign-in --------------------------------------------------------------------------------------------------------------


def add_code(session: Session, **values: Any) -> None:
    """Store an authorisation code's digest; old ones go."""
    codes = t.authorisation_code
    session.execute(delete(codes).where(codes.c.expires_at < values.pop("now")))
    session.execute(insert(codes).values(**values))


def take_code(session: Session, digest: str, now: datetime) -> Any:
    """Return a code's row and remove it, so that it works once."""
    codes = t.authorisation_code
    found = session.execute(select(codes).where(codes.c.digest == digest).with_for_update()).first()
    session.execute(delete(codes).where(codes.c.digest == digest))
    return found if found is not None and found.expires_at > now else None


def permissions(session: Session, person_id: UUID) -> list[str]:
    """Return what a person may do anywhere, from the published view as every service reads it."""
    rows = session.execute(_PERMISSIONS, {"person": person_id})
    return list(rows.scalars())


_PERMISSIONS = text(
    "SELECT DISTINCT permission FROM management_public.v1_grant WHERE user_id = :person ORDER BY permission"
)
