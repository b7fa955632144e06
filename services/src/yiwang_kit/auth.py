"""Who is asking: a server-side session behind a cookie, or a bearer token of an issuer that this site trusts.

A person is read from the database at every request, so an account closed a second ago is closed now. How sign-in comes
about is in `signin`; what a person may do is in `authorisation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit import sessions
from yiwang_kit.errors import Forbidden, SignInNeeded
from yiwang_kit.pkce import CLIENT_ID, challenge, redirect_uri
from yiwang_kit.sessions import cookie_name, digest
from yiwang_kit.tokens import TokenRefused

if TYPE_CHECKING:
    from yiwang_kit.runtime import Runtime

__all__ = [
    "CLIENT_ID",
    "Actor",
    "CurrentActor",
    "Post",
    "challenge",
    "cookie_name",
    "current_actor",
    "describe",
    "digest",
    "load_actor",
    "redirect_uri",
    "require",
]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "x-yiwang-csrf"
SIGN_IN = "/auth/login"


@dataclass(frozen=True)
class Post:
    """A post that a person holds in a unit. 岗位。"""

    id: UUID
    unit_id: UUID
    unit_name: str
    division: str
    role: str
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Actor:
    """The person behind a request. 操作人。"""

    user_id: UUID
    login: str
    name: str
    posts: tuple[Post, ...]
    session_id: UUID | None
    site: str
    must_change_password: bool = False
    acting_post: UUID | None = None
    """The one post whose rights this session uses, where the person chose one; direct grants hold beside it."""
    factor_on: bool = False
    """Whether sign-in asks for a second factor."""


def current_actor(request: Request) -> Actor:
    """Return who is asking. Raises SignInNeeded, and Forbidden for an unsafe request without the CSRF header."""
    runtime: Runtime = request.app.state.runtime
    known: Actor | None = getattr(request.state, "actor", None)
    if known is not None:
        return known
    actor = _by_bearer(runtime, request) or _by_cookie(runtime, request)
    if actor is None:
        raise SignInNeeded("尚未登录或会话已结束 / not signed in, or the session has ended", next=SIGN_IN)
    request.state.actor = actor
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]


def require(permission: str, *, whole_site: bool = False) -> Any:
    """Return a dependency that lets through who holds the permission anywhere, or over the whole site, as an Actor.

    What changes the site for everybody needs the whole site: an editor of one town does not edit the county's catalogue.
    """

    def holder(request: Request, actor: CurrentActor) -> Actor:
        from yiwang_kit.authorisation import forbidden, holds_site, permissions_of

        runtime: Runtime = request.app.state.runtime
        with runtime.database.transaction() as session:
            if permission not in permissions_of(session, actor):
                raise forbidden(permission)
            if whole_site and not holds_site(session, actor, permission, runtime.settings.site.code):
                raise forbidden(permission)
        return actor

    return Depends(holder)


def _by_bearer(runtime: Runtime, request: Request) -> Actor | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        claims = runtime.sign_in.access(token)
    except TokenRefused as refusal:
        raise SignInNeeded(str(refusal), next=SIGN_IN) from refusal
    with runtime.database.transaction() as session:
        actor = load_actor(session, runtime.sign_in.person(session, claims), None, runtime.settings.site.id)
    if actor is None:
        raise SignInNeeded("令牌所指账号不存在或已停用 / the token's account is gone or inactive", next=SIGN_IN)
    return actor


def _by_cookie(runtime: Runtime, request: Request) -> Actor | None:
    site = runtime.settings.site.id
    secret = request.cookies.get(cookie_name(site))
    if not secret:
        return None
    if request.method not in SAFE_METHODS:
        _refuse_forgery(runtime, request)
    with runtime.database.transaction() as session:
        found = sessions.find(session, secret, runtime.clock.now())
        return None if found is None else load_actor(session, found.user_id, found.id, site)


def _refuse_forgery(runtime: Runtime, request: Request) -> None:
    origin = request.headers.get("origin")
    same = origin is None or origin.rstrip("/") == runtime.settings.public_url.rstrip("/")
    if not same or request.headers.get(CSRF_HEADER) != "1":
        raise Forbidden(
            "请求来源不明 / a changing request needs the header X-Yiwang-CSRF: 1 and this site's own origin",
            next=f"从 {runtime.settings.public_url} 重新打开页面 / open the page from that address",
        )


def load_actor(session: Session, user_id: UUID | None, session_id: UUID | None, site: str) -> Actor | None:
    """Read a person as they are now; None where the account is gone or inactive."""
    rows = session.execute(_PERSON, {"id": user_id, "session": session_id}).all() if user_id is not None else []
    if not rows or user_id is None:
        return None
    user = rows[0]
    posts = tuple(Post(*row[:6]) for row in rows if row.id is not None)
    acting = user.acting if any(post.id == user.acting for post in posts) else None
    return Actor(
        user_id, user.login, user.name, posts, session_id, site, user.must_change_password, acting, user.factor_on
    )


_PERSON = text(
    "SELECT p.id, p.unit_id, p.unit_name, p.division, p.role, p.expires_at, u.login, u.name, u.must_change_password, "
    "u.factor_on, a.post_id AS acting FROM management_public.v1_user u "
    "LEFT JOIN management_public.v1_post p ON p.user_id = u.id "
    "LEFT JOIN management_public.v1_acting_post a ON a.user_id = u.id AND a.session_id = :session "
    "WHERE u.id = :id AND u.active ORDER BY p.id"
)
"""A person with every post, in one question: it is asked before every request."""
_DEMANDED = text("SELECT value FROM management_public.v1_policy WHERE name = 'second_factor'")


def describe(runtime: Runtime, actor: Actor) -> dict[str, Any]:
    """Return what the console needs to know of the person and the site."""
    from yiwang_kit.authorisation import permissions_of

    with runtime.database.transaction() as session:
        permissions = permissions_of(session, actor)
        factor = {
            "state": "on" if actor.factor_on else "off",
            "required": session.execute(_DEMANDED).scalar() == "required",
        }
    site, settings = runtime.settings.site, runtime.settings
    return {
        "user": {"id": str(actor.user_id), "login": actor.login, "name": actor.name},
        "must_change_password": actor.must_change_password,
        "second_factor": factor,
        "acting_post": str(actor.acting_post) if actor.acting_post else None,
        "site": {"id": site.id, "code": site.code, "name": site.name, "name_en": site.name_en, "tier": site.tier,
                 "parent": site.parent, "demo": settings.demo},
        "release": settings.release,
        "fleet": settings.fleet_url is not None,
        "posts": [_post_json(post) for post in actor.posts],
        "permissions": permissions,
    }  # fmt: skip


def _post_json(post: Post) -> dict[str, Any]:
    unit = {"id": str(post.unit_id), "name": post.unit_name, "division": post.division}
    return {"id": str(post.id), "unit": unit, "division": post.division, "role": post.role,
            "expires_at": post.expires_at.isoformat() if post.expires_at else None}  # fmt: skip
