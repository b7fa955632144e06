"""People over HTTP: within the units of one's own grants, never oneself, and never somebody who may do more."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy import true
from sqlalchemy.orm import Session

from yiwang_kit import pagination, sessions
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.authorisation import permissions_of, require_allowed
from yiwang_kit.errors import Conflict, NotFound
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_services.management import roles, store, tables
from yiwang_services.management.content import SERVICE
from yiwang_services.management.domain import LOGIN, generate_password, hash_password
from yiwang_services.management.factors import Factors
from yiwang_services.management.routes.account import end_one
from yiwang_services.management.routes.common import (
    EDIT_USER,
    READ_USER,
    RESET_FACTOR,
    REVOKE_SESSION,
    UNLOCK,
    Authority,
    Body,
    Name,
    PageCursor,
    Run,
    Words,
    cursor_id,
    holds,
    other,
    record,
    within,
)
from yiwang_services.management.shapes import grant_json, person_json, post_json, session_json

MANY = 200


class NewUser(Body):
    login: str = Field(pattern=LOGIN.pattern)
    name: Name
    unit: UUID


class UserMove(Body):
    unit: UUID


def router(factors: Factors) -> APIRouter:
    """Return the routes of people."""
    routes = APIRouter(tags=["people"])
    _reading(routes)
    _adding(routes)
    _moving(routes)
    _security(routes, factors)
    _changing(routes)
    return routes


def _reading(routes: APIRouter) -> None:
    @routes.get("/users")
    def listed(actor: CurrentActor, run: Run, q: Words = None, unit: UUID | None = None, cursor: PageCursor = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            holds(session, actor, READ_USER)
            rows = store.people(session, within(actor, READ_USER), words=q, unit_id=unit, after=cursor_id(cursor),
                                limit=limit + 1)  # fmt: skip
        return pagination.page([person_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.get("/users/{user_id}")
    def one(user_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            row = seen(session, actor, user_id)
            posts = [
                post_json(post) for post in store.posts(session, true(), person_id=user_id, after=None, limit=MANY)
            ]
            grants = store.grants(session, true(), person_id=user_id, after=None, limit=MANY)
            number = None
            if REVOKE_SESSION in permissions_of(session, actor):
                number = len(sessions.open_ones(session, user_id, run.clock.now()))
        return {**person_json(row), "posts": posts, "grants": [grant_json(g) for g in grants], "sessions": number}


def _adding(routes: APIRouter) -> None:
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


def _moving(routes: APIRouter) -> None:
    @routes.post("/users/{user_id}/move")
    def move(user_id: UUID, body: UserMove, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            person = other(session, actor, user_id, EDIT_USER)
            require_allowed(session, actor, EDIT_USER, unit=body.unit)
            Authority(session, actor).require_over(user_id)
            ended = roles.strip(session, user_id)
            store.set_home(session, user_id, body.unit)
            record(run, session, actor, "management.user.move", "person", user_id, before=person.home_unit,
                   after=body.unit, ended=ended)  # fmt: skip
        return {"id": str(user_id), "unit": str(body.unit), "ended": ended}


def _security(routes: APIRouter, factors: Factors) -> None:
    @routes.get("/users/{user_id}/sessions")
    def listed(user_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            person = known(session, user_id)
            require_allowed(session, actor, REVOKE_SESSION, unit=person.home_unit)
            rows = sessions.open_ones(session, user_id, run.clock.now())
        items = [session_json(row, current=row.id == actor.session_id) for row in rows]
        return {"items": items, "next": None, "total": len(items)}

    @routes.delete("/users/{user_id}/sessions")
    def end_all(user_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            other(session, actor, user_id, REVOKE_SESSION)
            ended = sessions.end_all(session, user_id)
            record(run, session, actor, "management.session.revoke", "person", user_id, sessions=ended)
        return {"ended": ended}

    @routes.delete("/users/{user_id}/sessions/{session_id}")
    def end(user_id: UUID, session_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            other(session, actor, user_id, REVOKE_SESSION)
            end_one(session, user_id, session_id)
            record(run, session, actor, "management.session.revoke", "person", user_id, sessions=1)
        return {"ended": 1}

    @routes.post("/users/{user_id}/reset-second-factor")
    def reset_factor(user_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            other(session, actor, user_id, RESET_FACTOR)
            factors.remove(session, user_id)
            sessions.end_all(session, user_id)
            record(run, session, actor, "management.second_factor.reset", "person", user_id)
        return {"id": str(user_id), "second_factor": "off"}


def _changing(routes: APIRouter) -> None:
    @routes.post("/users/{user_id}/{change}")
    def alter(user_id: UUID, change: Annotated[str, Path(pattern="^(close|open|unlock|reset-password)$")],
              actor: CurrentActor, run: Run) -> dict[str, Any]:  # fmt: skip
        with run.database.transaction(SERVICE) as session:
            person = other(session, actor, user_id, UNLOCK if change == "unlock" else EDIT_USER)
            if change != "unlock":
                Authority(session, actor).require_over(user_id)
            answer = changed(session, person, change)
            record(run, session, actor, f"management.user.{change}", "person", user_id)
        return answer


def changed(session: Session, person: Any, change: str) -> dict[str, Any]:
    """Close, open or unlock an account, or give it a new password; return what to show."""
    if change == "unlock":
        store.forget_tries(session, store.LOGIN_KEY + person.login)
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


def known(session: Session, user_id: UUID) -> Any:
    """Return a person. Raises NotFound."""
    person = store.person(session, user_id)
    if person is None:
        raise NotFound("没有此用户 / no such user", next="GET /api/management/v1/users")
    return person


def seen(session: Session, actor: Actor, user_id: UUID) -> Any:
    """Return a person as the list shows them. Raises NotFound, also for whoever is beyond one's scope."""
    holds(session, actor, READ_USER)
    scope = within(actor, READ_USER) & (tables.person.c.id == user_id)
    found = store.people(session, scope, words=None, after=None, limit=1)
    if not found:
        raise NotFound("没有此用户，或不在您的范围内 / no such user within your scope")
    return found[0]
