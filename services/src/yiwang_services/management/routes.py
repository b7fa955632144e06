"""The HTTP API of management: divisions, units, people, posts, grants, roles, one's own password, the audit trail.

Administration is delegated: whoever may edit may do so within the units of their own grants, and never on themselves.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, text
from sqlalchemy.orm import Session

from yiwang_kit import pagination
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.authorisation import forbidden, permissions_of, require_allowed, scope_clause
from yiwang_kit.errors import Conflict, Forbidden, Invalid, NotFound
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_kit.runtime import Runtime
from yiwang_services.management import store, tables
from yiwang_services.management.content import SERVICE, Loader
from yiwang_services.management.domain import (
    BY_CODE,
    LOGIN,
    NAME_LIMIT,
    duties_clash,
    generate_password,
    hash_password,
    password_fault,
    password_fits,
)
from yiwang_services.management.shapes import division_json, grant_json, path_json, person_json, post_json, unit_json

READ_UNIT, EDIT_UNIT = "management.unit.read", "management.unit.edit"
READ_USER, EDIT_USER, UNLOCK = "management.user.read", "management.user.edit", "management.user.unlock"
GRANT, AUDIT = "management.grant.edit", "management.audit.read"
FOUND_LIMIT = 50
Words = Annotated[str | None, Query(max_length=60)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_LIMIT, pattern=r"^[^\x00-\x1f\x7f]+$")]
CodeText = Annotated[str, Field(pattern=r"^[0-9]{6,12}$")]
PageCursor = Annotated[str | None, Query(max_length=400)]


class Body(BaseModel):
    """A request body; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class NewPassword(Body):
    current: str = Field(max_length=128)
    new: str = Field(max_length=128)


class NewUnit(Body):
    name: Name
    division: CodeText
    kind: str = Field(pattern=r"^[a-z]{2,20}$")
    parent: UUID


class NewUser(Body):
    login: str = Field(pattern=LOGIN.pattern)
    name: Name
    unit: UUID


class NewPost(Body):
    user: UUID
    unit: UUID
    role: str = Field(max_length=40)


class NewGrant(Body):
    user: UUID
    role: str = Field(max_length=40)
    unit: UUID | None = None
    division: CodeText | None = None


def router(loader: Loader) -> APIRouter:
    """Return every route of the service under /v1."""

    def loaded() -> None:
        loader.ensure()

    routes = APIRouter(prefix="/v1", dependencies=[Depends(loaded)])
    for part in (own_account(), divisions(), units(), people(), rights(), trail()):
        routes.include_router(part)
    return routes


def runtime_of(request: Request) -> Runtime:
    """Return the process's runtime."""
    return request.app.state.runtime  # type: ignore[no-any-return]


Run = Annotated[Runtime, Depends(runtime_of)]


def cursor_id(cursor: str | None) -> UUID | None:
    """Return the id in a cursor. Raises Invalid."""
    if cursor is None:
        return None
    try:
        return UUID(pagination.decode(cursor, 1)[0])
    except ValueError as error:
        raise Invalid("分页游标无效 / the cursor is not one of ours") from error


def own_account() -> APIRouter:
    """Return the routes for one's own account."""
    routes = APIRouter(tags=["account"])

    @routes.post("/password")
    def change(body: NewPassword, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            person = store.person(session, actor.user_id)
            if not password_fits(body.current, person.password):
                raise Invalid("当前密码不正确 / the current password is not right",
                              errors=[{"field": "current", "expected": "当前密码 / your current password"}])  # fmt: skip
            fault = password_fault(body.new, person.login)
            fault = fault or ("新旧密码相同 / the new password is the old one" if body.new == body.current else None)
            if fault:
                raise Invalid(fault, errors=[{"field": "new", "expected": fault}])
            store.set_password(session, person.id, hash_password(body.new), must_change=False)
            store.end_sessions(session, person.id, keep=actor.session_id)
            record(run, session, actor, "management.password.change", "person", person.id)
        return {"changed": True}

    return routes


def divisions() -> APIRouter:
    """Return the routes of the division tree, open to everybody who is signed in."""
    routes = APIRouter(tags=["divisions"])

    @routes.get("/divisions")
    def search(actor: CurrentActor, run: Run, q: Annotated[str, Query(min_length=1, max_length=60)]) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            found = store.find_divisions(session, q, FOUND_LIMIT)
            items = [{**division_json(row), "path": path_json(session, row.code)} for row in found]
        return {"items": items, "next": None, "total": None}

    @routes.get("/divisions/{code}")
    def one(code: Annotated[str, Path(pattern=r"^[0-9]{6,12}$")], actor: CurrentActor, run: Run) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            row = store.division(session, code)
            if row is None:
                raise NotFound(f"本站点没有区划 {code} / this site keeps no division {code}")
            children = [
                {**division_json(child), "has_children": child.has_children}
                for child in store.division_children(session, code)
            ]
            return {**division_json(row), "path": path_json(session, code), "children": children}

    return routes


def units() -> APIRouter:
    """Return the routes of units; reading is open to the signed-in, editing to administrators of the parent unit."""
    routes = APIRouter(tags=["units"])

    @routes.get("/units")
    def listed(actor: CurrentActor, run: Run, q: Words = None, division: Annotated[str | None, Query(max_length=12)] = None,
               cursor: PageCursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        del actor
        with run.database.transaction(SERVICE) as session:
            rows = store.units(session, tables.unit.c.active, words=q, division=division, after=cursor_id(cursor),
                               limit=limit + 1)  # fmt: skip
        return pagination.page([unit_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.post("/units", status_code=201)
    def add(body: NewUnit, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            require_allowed(session, actor, EDIT_UNIT, unit=body.parent)
            if store.division(session, body.division) is None:
                raise Invalid("区划不在本站点范围内 / the division is not kept at this site",
                              errors=[{"field": "division", "expected": "本站点区划 / a division of this site"}])  # fmt: skip
            made = store.add_unit(session, name=body.name, division=body.division, kind=body.kind, parent=body.parent,
                                  sample=False, now=run.clock.now())  # fmt: skip
            shown = unit_json(store.unit(session, made))
            record(run, session, actor, "management.unit.add", "unit", made, name=body.name)
        return shown

    @routes.post("/units/{unit_id}/close")
    def close(unit_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            require_allowed(session, actor, EDIT_UNIT, unit=unit_id)
            if store.unit(session, unit_id).parent is None:
                raise Conflict("根机构不能停用 / the topmost unit cannot be closed")
            store.deactivate_unit(session, unit_id)
            record(run, session, actor, "management.unit.close", "unit", unit_id)
        return {"id": str(unit_id), "active": False}

    return routes


def people() -> APIRouter:
    """Return the routes of people."""
    routes = APIRouter(tags=["people"])

    @routes.get("/users")
    def listed(actor: CurrentActor, run: Run, q: Words = None, cursor: PageCursor = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, READ_USER)
            rows = store.people(session, within(actor, READ_USER), words=q, after=cursor_id(cursor), limit=limit + 1)
        return pagination.page([person_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.post("/users", status_code=201)
    def add(body: NewUser, actor: CurrentActor, run: Run) -> dict[str, Any]:
        password = generate_password()
        hashed = hash_password(password)
        with run.database.transaction(SERVICE) as session:
            require_allowed(session, actor, EDIT_USER, unit=body.unit)
            if store.person_by_login(session, body.login) is not None:
                raise Conflict(f"用户名 {body.login} 已存在 / the login is taken", next="换一个用户名 / choose another")
            made = store.add_person(session, login=body.login, name=body.name, home_unit=body.unit, password=hashed,
                                    must_change=True, sample=False, now=run.clock.now())  # fmt: skip
            record(run, session, actor, "management.user.add", "person", made, login=body.login)
        return {"id": str(made), "login": body.login, "name": body.name, "password": password}

    @routes.post("/users/{user_id}/{change}")
    def alter(user_id: UUID, change: Annotated[str, Path(pattern="^(close|open|unlock|reset-password)$")],
              actor: CurrentActor, run: Run) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            person = other(session, actor, user_id, UNLOCK if change == "unlock" else EDIT_USER)
            answer = changed(session, person, change)
            record(run, session, actor, f"management.user.{change}", "person", user_id)
        return answer

    return routes


def changed(session: Session, person: Any, change: str) -> dict[str, Any]:
    """Close, open or unlock an account, or give it a new password; return what to show."""
    if change == "unlock":
        store.set_tries(session, person.id, 0, None)
        return {"id": str(person.id), "locked": False}
    if change == "reset-password":
        password = generate_password()
        store.set_password(session, person.id, hash_password(password), must_change=True)
        store.end_sessions(session, person.id)
        return {"id": str(person.id), "password": password}
    store.set_active(session, person.id, change == "open")
    if change == "close":
        store.end_sessions(session, person.id)
    return {"id": str(person.id), "active": change == "open"}


def rights() -> APIRouter:
    """Return the routes of roles, posts and direct grants."""
    routes = APIRouter(tags=["rights"])

    @routes.get("/roles")
    def roles(actor: CurrentActor, run: Run) -> dict[str, Any]:
        del actor
        with run.database.transaction(SERVICE) as session:
            held = store.role_permissions(session)
            items = [{**dict(row._mapping), "permissions": held.get(row.code, [])} for row in store.roles(session)]
        return {"items": items, "next": None, "total": len(items)}

    @routes.get("/posts")
    def posts(actor: CurrentActor, run: Run, user: UUID | None = None, cursor: PageCursor = None,
              limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, READ_USER)
            scope = scope_clause(actor, READ_USER, unit_column=tables.post.c.unit)
            rows = store.posts(session, scope, person_id=user, after=cursor_id(cursor), limit=limit + 1)
        return pagination.page([post_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.post("/posts", status_code=201)
    def give_post(body: NewPost, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            may_give(session, actor, body.unit, body.role)
            may_hold(session, other(session, actor, body.user, GRANT), body.role)
            made = store.add_post(session, body.user, body.unit, body.role, run.clock.now())
            record(run, session, actor, "management.post.give", "person", body.user, role=body.role, unit=body.unit)
        return {"id": str(made), "user": str(body.user), "unit": str(body.unit), "role": body.role}

    @routes.delete("/posts/{post_id}")
    def take_post(post_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            held = store.post(session, post_id)
            if held is None:
                raise NotFound("没有此岗位 / no such post")
            require_allowed(session, actor, GRANT, unit=held.unit)
            refuse_self(actor, held.person)
            store.remove_post(session, post_id)
            record(run, session, actor, "management.post.take", "person", held.person, role=held.role)
        return {"id": str(post_id), "removed": True}

    @routes.get("/grants")
    def grants(
        actor: CurrentActor, run: Run, cursor: PageCursor = None, limit: Limit = DEFAULT_LIMIT
    ) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, READ_USER)
            rows = store.grants(session, within(actor, READ_USER), after=cursor_id(cursor), limit=limit + 1)
        return pagination.page([grant_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.post("/grants", status_code=201)
    def give_grant(body: NewGrant, actor: CurrentActor, run: Run) -> dict[str, Any]:
        if body.unit is None:
            raise Invalid("须指定机构范围 / name the unit that bounds the grant",
                          errors=[{"field": "unit", "expected": "机构 / a unit"}])  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            require_allowed(session, actor, GRANT, unit=body.unit)
            may_hold(session, other(session, actor, body.user, GRANT), body.role)
            made = store.add_grant(session, body.user, body.role, body.unit, body.division, run.clock.now())
            record(run, session, actor, "management.grant.give", "person", body.user, role=body.role)
        return {"id": str(made), **body.model_dump(mode="json")}

    @routes.delete("/grants/{grant_id}")
    def take_grant(grant_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            held = store.grant(session, grant_id)
            if held is None:
                raise NotFound("没有此授权 / no such grant")
            require_allowed(session, actor, GRANT, unit=held.unit)
            refuse_self(actor, held.person)
            store.remove_grant(session, grant_id)
            record(run, session, actor, "management.grant.take", "person", held.person, role=held.role)
        return {"id": str(grant_id), "removed": True}

    return routes


def trail() -> APIRouter:
    """Return the auditor's route."""
    routes = APIRouter(tags=["audit"])

    @routes.get("/audit")
    def read(actor: CurrentActor, run: Run, before: Annotated[int | None, Query(ge=1)] = None,
             limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, AUDIT)
            rows = session.execute(_TRAIL, {"before": before or 2**62, "limit": limit + 1}).all()
        items = [{**dict(row._mapping), "at": row.at.isoformat(), "digest": bytes(row.digest).hex()} for row in rows]
        return pagination.page(items, limit, lambda row: [row["n"]])

    return routes


_TRAIL = text(
    "SELECT n, at, actor, action, object_type, object_id, detail, digest FROM kit.audit "
    "WHERE n < :before ORDER BY n DESC LIMIT :limit"
)


# Rules ----------------------------------------------------------------------------------------------------------------


def holds(session: Session, actor: Actor, permission: str) -> None:
    """Raise Forbidden unless the person holds the permission anywhere; lists narrow by scope afterwards."""
    if permission not in permissions_of(session, actor):
        raise forbidden(permission)


def within(actor: Actor, permission: str) -> ColumnElement[bool]:
    """Return the condition that a person's home unit lies in a grant's scope."""
    return scope_clause(actor, permission, unit_column=tables.person.c.home_unit)


def refuse_self(actor: Actor, person_id: UUID) -> None:
    """Raise Forbidden for somebody who would change their own rights."""
    if actor.user_id == person_id:
        raise Forbidden(
            "不能变更自己的权限 / nobody changes their own rights",
            next="请另一位管理员办理 / ask another administrator",
        )


def other(session: Session, actor: Actor, person_id: UUID, permission: str) -> Any:
    """Return somebody else within the person's scope. Raises NotFound, Forbidden."""
    person = store.person(session, person_id)
    if person is None:
        raise NotFound("没有此用户 / no such user")
    require_allowed(session, actor, permission, unit=person.home_unit)
    refuse_self(actor, person_id)
    return person


def may_give(session: Session, actor: Actor, unit_id: UUID, role: str) -> None:
    """Raise unless the person may give this role in this unit.

    A role that reaches a whole division needs the right over the unit that stands for that division: otherwise the
    administrator of one bureau could hand out rights over the orders of all.
    """
    unit = store.unit(session, unit_id)
    if unit is None:
        raise Invalid("没有此机构 / no such unit", errors=[{"field": "unit", "expected": "机构 / a unit"}])
    if role in BY_CODE and BY_CODE[role].scope == "division":
        unit = store.topmost_in_division(session, unit)
    require_allowed(session, actor, GRANT, unit=unit.id)


def may_hold(session: Session, person: Any, role: str) -> None:
    """Raise where the role is unknown, or would put two separated duties into one hand."""
    if role not in BY_CODE:
        raise Invalid(f"没有角色 {role} / no such role", errors=[{"field": "role", "expected": "GET /roles"}])
    if duties_clash(store.duties_of(session, person.id) | {BY_CODE[role].duty}):
        raise Conflict("系统、安全、审计三员须分立 / system, security and audit duties may not be in one hand",
                       next="改授另一人 / give the role to somebody else")  # fmt: skip


def record(
    run: Runtime, session: Session, actor: Actor, action: str, kind: str, object_id: UUID, **detail: Any
) -> None:
    """Write one row of the trail."""
    run.audit.record(
        session, actor=actor.login, action=action, object_type=kind, object_id=str(object_id), detail=detail
    )
