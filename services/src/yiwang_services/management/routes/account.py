"""One's own account over HTTP: password, sessions, second factor, the post one acts in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session

from yiwang_kit import sessions
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.errors import Conflict, Forbidden, Invalid, NotFound
from yiwang_services.management import passwords, roles, store, tries
from yiwang_services.management.content import SERVICE, second_factor_policy
from yiwang_services.management.domain import SEPARATE_DUTIES, hash_password, password_fits
from yiwang_services.management.factors import Factors, spaced, uri
from yiwang_services.management.routes.common import Body, Run, record
from yiwang_services.management.settings import PASSWORD_HISTORY
from yiwang_services.management.shapes import session_json


class NewPassword(Body):
    current: str = Field(max_length=128)
    new: str = Field(max_length=128)


class Current(Body):
    current: str = Field(max_length=128)


class CodeBody(Body):
    code: str = Field(min_length=6, max_length=20)


class Acting(Body):
    post: UUID | None


def router(factors: Factors) -> APIRouter:
    """Return the routes for one's own account."""
    routes = APIRouter(tags=["account"])
    _passwords(routes)
    _sessions(routes)
    _acting(routes)
    _second_factor(routes, factors)
    return routes


def _passwords(routes: APIRouter) -> None:
    @routes.get("/password-policy")
    def policy() -> dict[str, Any]:
        return passwords.policy()

    @routes.post("/password")
    def change(body: NewPassword, actor: CurrentActor, run: Run) -> dict[str, Any]:
        check_password(run, actor, body.current)
        with run.database.transaction(SERVICE) as session:
            person = store.person(session, actor.user_id)
            former = store.former_passwords(session, person.id, PASSWORD_HISTORY)
        fault = passwords.fault(body.new, person.login, former)
        if fault:
            raise Invalid(fault, errors=[{"field": "new", "expected": fault}])
        hashed = hash_password(body.new)
        with run.database.transaction(SERVICE) as session:
            store.keep_password(session, person.id, person.password, PASSWORD_HISTORY)
            store.set_password(session, person.id, hashed, must_change=False, now=run.clock.now())
            store.end_sessions(session, person.id, keep=actor.session_id)
            record(run, session, actor, "management.password.change", "person", person.id)
        return {"changed": True}


def _sessions(routes: APIRouter) -> None:
    @routes.get("/account/sessions")
    def listed(actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            rows = sessions.open_ones(session, actor.user_id, run.clock.now())
        items = [session_json(row, current=row.id == actor.session_id) for row in rows]
        return {"items": items, "next": None, "total": len(items)}

    @routes.delete("/account/sessions")
    def end_others(actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            ended = sessions.end_all(session, actor.user_id, but=actor.session_id)
            record(run, session, actor, "management.session.end", "person", actor.user_id, sessions=ended)
        return {"ended": ended}

    @routes.delete("/account/sessions/{session_id}")
    def end(session_id: UUID, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            end_one(session, actor.user_id, session_id)
            record(run, session, actor, "management.session.end", "person", actor.user_id, sessions=1)
        return {"ended": 1}


def _acting(routes: APIRouter) -> None:
    @routes.put("/acting-post")
    def act(body: Acting, actor: CurrentActor, run: Run) -> dict[str, Any]:
        if actor.session_id is None:
            raise Conflict("令牌访问不能选择岗位 / only a session acts in one post", next="/auth/login")
        if body.post is not None and body.post not in {post.id for post in actor.posts}:
            raise NotFound("您没有此岗位 / you hold no such post", next="GET /auth/me")
        with run.database.transaction(SERVICE) as session:
            roles.act_in(session, actor.session_id, actor.user_id, body.post)
            record(run, session, actor, "management.post.act", "person", actor.user_id, post=body.post)
        return {"acting_post": str(body.post) if body.post else None}


def _second_factor(routes: APIRouter, factors: Factors) -> None:
    @routes.get("/account/second-factor")
    def state(actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            return {**factors.state(session, actor.user_id), "required": is_required(run, session, actor)}

    @routes.post("/account/second-factor", status_code=201)
    def begin(body: Current, actor: CurrentActor, run: Run) -> dict[str, Any]:
        check_password(run, actor, body.current)
        with run.database.transaction(SERVICE) as session:
            if factors.state(session, actor.user_id)["state"] == "on":
                raise Conflict("第二因素已启用 / the second factor is on already", next="先停用 / switch it off first")
            secret = factors.begin(session, actor.user_id, run.clock.now())
        return {"secret": spaced(secret), "uri": uri(secret, actor.login, run.settings.site.name)}

    @routes.post("/account/second-factor/confirm")
    def confirm(body: CodeBody, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            codes = factors.confirm(session, actor.user_id, body.code, run.clock.now())
            if codes is not None:
                record(run, session, actor, "management.second_factor.on", "person", actor.user_id)
        if codes is None:
            raise _wrong_code()
        return {"state": "on", "recovery_codes": codes}

    @routes.post("/account/second-factor/recovery-codes")
    def renew(body: CodeBody, actor: CurrentActor, run: Run) -> dict[str, Any]:
        _check_code(run, factors, actor, body.code)
        with run.database.transaction(SERVICE) as session:
            codes = factors.renew_recovery(session, actor.user_id)
            record(run, session, actor, "management.second_factor.recovery", "person", actor.user_id)
        return {"recovery_codes": codes}

    @routes.post("/account/second-factor/remove")
    def remove(body: CodeBody, actor: CurrentActor, run: Run) -> dict[str, Any]:
        with run.database.transaction(SERVICE) as session:
            if is_required(run, session, actor):
                raise Conflict("管理类岗位必须使用第二因素 / an administrative duty needs the second factor",
                               next="先交出管理岗位 / give the duty up first")  # fmt: skip
        _check_code(run, factors, actor, body.code)
        with run.database.transaction(SERVICE) as session:
            factors.remove(session, actor.user_id)
            record(run, session, actor, "management.second_factor.off", "person", actor.user_id)
        return {"state": "off"}


# Rules ----------------------------------------------------------------------------------------------------------------


def check_password(run: Run, actor: Actor, password: str) -> None:
    """Raise unless this is the person's password; wrong ones count as wrong tries to sign in do.

    Otherwise whoever finds a desk left open could try passwords without end.
    """
    key, now = store.LOGIN_KEY + actor.login, run.clock.now()
    with run.database.transaction(SERVICE) as session:
        closed = tries.closed_until(session, key, now)
        stored = store.person(session, actor.user_id).password
    if closed is not None:
        raise Forbidden("尝试次数过多，账号已暂时锁定 / too many wrong tries, closed for a while",
                        next="稍后再试 / try again later", until=closed.isoformat())  # fmt: skip
    if password_fits(password, stored):
        return
    with run.database.transaction(SERVICE) as session:
        tries.count_wrong(session, key, now)
    raise Invalid("当前密码不正确 / the current password is not right",
                  errors=[{"field": "current", "expected": "当前密码 / your current password"}])  # fmt: skip


def is_required(run: Run, session: Session, actor: Actor) -> bool:
    """Return whether this person's duties need the second factor at this site."""
    demanded = second_factor_policy(run) == "required"
    return demanded and bool(store.duties_of(session, actor.user_id) & SEPARATE_DUTIES)


def end_one(session: Session, person: UUID, session_id: UUID) -> None:
    """End one session of a person. Raises NotFound."""
    if not sessions.end_of(session, person, session_id):
        raise NotFound("没有此会话，或已结束 / no such session, or it has ended")


def _check_code(run: Run, factors: Factors, actor: Actor, code: str) -> None:
    key, now = store.LOGIN_KEY + actor.login, run.clock.now()
    with run.database.transaction(SERVICE) as session:
        closed = tries.closed_until(session, key, now)
        right = closed is None and factors.check(session, actor.user_id, code, now)
        if closed is None and not right:
            tries.count_wrong(session, key, now)
    if not right:
        raise _wrong_code()


def _wrong_code() -> Invalid:
    return Invalid("验证码不正确或已使用 / the code is not right, or was used already",
                   errors=[{"field": "code", "expected": "六位数字 / six digits"}])  # fmt: skip
