"""Roles, posts and grants over HTTP: nobody passes on what they do not hold, nor beyond where they hold it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from yiwang_kit import pagination
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.authorisation import allowed, require_allowed, scope_clause
from yiwang_kit.errors import Conflict, Invalid, NotFound
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_services.management import roles, store, tables
from yiwang_services.management.content import SERVICE
from yiwang_services.management.delegation import RightScope
from yiwang_services.management.domain import duties_clash
from yiwang_services.management.routes.common import (
    GRANT,
    READ_USER,
    Authority,
    Body,
    CodeText,
    Name,
    PageCursor,
    Run,
    cursor_id,
    holds,
    other,
    record,
    refuse_self,
    within,
)
from yiwang_services.management.shapes import grant_json, post_json

Permission = Annotated[str, Field(pattern=r"^[a-z_]{1,30}(\.[a-z_]{1,30}){1,3}$")]
RoleCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class NewPost(Body):
    user: UUID
    unit: UUID
    role: str = Field(max_length=40)
    expires_at: AwareDatetime | None = None


class NewGrant(Body):
    user: UUID
    role: str = Field(max_length=40)
    unit: UUID | None = None
    division: CodeText | None = None
    expires_at: AwareDatetime | None = None


class NewRole(Body):
    code: RoleCode
    title_zh: Name
    title_en: Name
    scope: Literal["unit", "division"]
    permissions: list[Permission] = Field(min_length=1, max_length=80)
    home_unit: UUID


class Question(Body):
    permission: Permission
    unit: UUID | None = None
    division: CodeText | None = None


def router() -> APIRouter:
    """Return the routes of roles, posts and grants."""
    routes = APIRouter(tags=["rights"])
    for add in (_roles, _posts, _grants):
        add(routes)
    return routes


def _roles(routes: APIRouter) -> None:
    @routes.get("/roles")
    def listed(actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            authority = Authority(session, actor)
            held, passed = store.role_permissions(session), store.role_delegations(session)
            items = [
                {**_role_json(row), "permissions": held.get(row.code, []), "delegates": passed.get(row.code, []),
                 "may_give": row.active and authority.may_ever([*held.get(row.code, []), *passed.get(row.code, [])])}
                for row in store.roles(session)
            ]  # fmt: skip
        return {"items": items, "next": None, "total": len(items)}

    @routes.get("/permissions")
    def permissions(actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            authority = Authority(session, actor)
            items = [{"code": name, "may_give": authority.may_ever([name])} for name in roles.permissions(session)]
        return {"items": items, "next": None, "total": len(items)}

    @routes.post("/roles", status_code=201)
    def make(body: NewRole, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            home = _unit(session, body.home_unit)
            unknown = sorted(set(body.permissions) - set(roles.permissions(session)))
            if unknown:
                raise Invalid(f"没有权限 {unknown[0]} / no such permission",
                              errors=[{"field": "permissions", "expected": "GET /permissions"}])  # fmt: skip
            Authority(session, actor).require(RightScope(unit=home.id), body.permissions)
            if roles.role(session, body.code) is not None:
                raise Conflict(
                    f"角色编码 {body.code} 已存在 / the role's code is taken", next="换一个编码 / choose another"
                )
            roles.make(session, held=body.permissions, **body.model_dump(exclude={"permissions"}))
            record(run, session, actor, "management.role.make", "role", body.code, permissions=sorted(body.permissions))
            shown = _role_json(roles.role(session, body.code))
        return {**shown, "permissions": sorted(set(body.permissions)), "delegates": [], "may_give": True}

    @routes.post("/roles/{code}/close")
    def close(code: Annotated[str, Path(max_length=40)], actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            row = roles.role(session, code)
            if row is None or not row.custom:
                raise NotFound("没有此自定义角色 / this site made no such role", next="GET /api/management/v1/roles")
            require_allowed(session, actor, GRANT, unit=row.home_unit)
            roles.close(session, code)
            record(run, session, actor, "management.role.close", "role", code)
        return {"code": code, "active": False}

    @routes.post("/decide")
    def decide(body: Question, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            answer = allowed(session, actor, body.permission, unit=body.unit, division=body.division)
        return {"allowed": answer}


def _posts(routes: APIRouter) -> None:
    @routes.get("/posts")
    def listed(actor: CurrentActor, run: Run, user: UUID | None = None, unit: UUID | None = None,
               cursor: PageCursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, READ_USER)
            scope = scope_clause(actor, READ_USER, unit_column=tables.post.c.unit)
            rows = store.posts(session, scope, person_id=user, unit_id=unit, after=cursor_id(cursor), limit=limit + 1)
        return pagination.page([post_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.post("/posts", status_code=201)
    def give(body: NewPost, actor: CurrentActor, run: Run) -> dict[str, Any]:
        now = run.clock.now()
        with run.database.transaction(SERVICE) as session:
            row, unit = _role(session, body.role), _unit(session, body.unit)
            person = _giving(session, actor, body.user, row, roles.scope_of_post(row, unit), body.expires_at, now)
            made = roles.give_post(session, person=person, unit=unit.id, row=row, expires_at=body.expires_at,
                                   by=actor.user_id, now=now)  # fmt: skip
            record(run, session, actor, "management.post.give", "person", body.user, role=body.role, unit=body.unit,
                   expires_at=body.expires_at)  # fmt: skip
        return {"id": str(made), **body.model_dump(mode="json")}

    @routes.delete("/posts/{post_id}")
    def take(post_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            held = store.post(session, post_id)
            if held is None:
                raise NotFound("没有此岗位 / no such post")
            require_allowed(session, actor, GRANT, unit=held.unit)
            refuse_self(actor, held.person)
            store.remove_post(session, post_id)
            roles.free_duty(session, held.person)
            record(run, session, actor, "management.post.take", "person", held.person, role=held.role)
        return {"id": str(post_id), "removed": True}


def _grants(routes: APIRouter) -> None:
    @routes.get("/grants")
    def listed(actor: CurrentActor, run: Run, user: UUID | None = None, cursor: PageCursor = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, READ_USER)
            rows = store.grants(
                session, within(actor, READ_USER), person_id=user, after=cursor_id(cursor), limit=limit + 1
            )
        return pagination.page([grant_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.post("/grants", status_code=201)
    def give(body: NewGrant, actor: CurrentActor, run: Run) -> dict[str, Any]:
        scope, now = RightScope(body.unit, body.division), run.clock.now()
        if scope == RightScope():
            raise Invalid("须指定机构或区划范围 / name the unit or the division that bounds the grant",
                          errors=[{"field": "unit", "expected": "机构或区划 / a unit or a division"}])  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            if body.unit is not None:
                _unit(session, body.unit)
            row = _role(session, body.role)
            person = _giving(session, actor, body.user, row, scope, body.expires_at, now)
            made = roles.give_grant(session, person=person, scope=scope, row=row, expires_at=body.expires_at,
                                    by=actor.user_id, now=now)  # fmt: skip
            record(run, session, actor, "management.grant.give", "person", body.user, role=body.role, unit=body.unit,
                   division=body.division, expires_at=body.expires_at)  # fmt: skip
        return {"id": str(made), **body.model_dump(mode="json")}

    @routes.delete("/grants/{grant_id}")
    def take(grant_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            held = store.grant(session, grant_id)
            if held is None:
                raise NotFound("没有此授权 / no such grant")
            if held.unit is not None:
                require_allowed(session, actor, GRANT, unit=held.unit)
            else:
                Authority(session, actor).require(RightScope(division=held.division), [])
            refuse_self(actor, held.person)
            store.remove_grant(session, grant_id)
            roles.free_duty(session, held.person)
            record(run, session, actor, "management.grant.take", "person", held.person, role=held.role)
        return {"id": str(grant_id), "removed": True}


# Rules ----------------------------------------------------------------------------------------------------------------


def _giving(session: Session, actor: Actor, person_id: UUID, row: Any, scope: RightScope, expires_at: datetime | None,
            now: datetime) -> Any:  # fmt: skip
    """Return the person who may be given this role over this scope for this long. Raises otherwise."""
    if expires_at is not None and expires_at <= now:
        raise Invalid("期限须晚于现在 / the end must lie ahead", errors=[{"field": "expires_at", "expected": "> now"}])
    person = other(session, actor, person_id, GRANT)
    Authority(session, actor).require(scope, roles.rights_of(session, row.code), expires_at)
    if duties_clash(store.duties_of(session, person.id) | {row.duty}):
        raise Conflict("系统、安全、审计三员须分立 / system, security and audit duties may not be in one hand",
                       next="改授另一人 / give the role to somebody else")  # fmt: skip
    return person


def _role(session: Session, code: str) -> Any:
    """Return a role that may still be given. Raises Invalid."""
    row = roles.role(session, code)
    if row is None or not row.active:
        raise Invalid(f"没有角色 {code} / no such role", errors=[{"field": "role", "expected": "GET /roles"}])
    return row


def _unit(session: Session, unit_id: UUID) -> Any:
    """Return a unit that works. Raises Invalid."""
    unit = store.unit(session, unit_id)
    if unit is None or not unit.active:
        raise Invalid("没有此机构，或已停用 / no such unit, or it is closed",
                      errors=[{"field": "unit", "expected": "机构 / a unit"}])  # fmt: skip
    return unit


def _role_json(row: Any) -> dict[str, Any]:
    return {"code": row.code, "title_zh": row.title_zh, "title_en": row.title_en, "duty": row.duty, "scope": row.scope,
            "custom": row.custom, "active": row.active, "home_unit": str(row.home_unit) if row.home_unit else None}  # fmt: skip
