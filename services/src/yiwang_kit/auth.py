"""Who is asking: a server-side session behind a cookie, or a bearer token of an issuer that this site trusts.

The hub is an OpenID Connect relying party (code flow with PKCE, RFC 7636); by default its own management service is the
provider. The cookie's name carries the site id, because cookies do not separate ports or sites on one host.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy import text

from yiwang_kit.errors import Forbidden, SignInNeeded, Unavailable
from yiwang_kit.ids import uuid7
from yiwang_kit.tokens import TokenRefused, TokenVerifier

if TYPE_CHECKING:
    from yiwang_kit.runtime import Runtime

SESSION_LIFETIME = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)
SIGN_IN_LIFETIME = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "x-yiwang-csrf"
CLIENT_ID = "hub"


@dataclass(frozen=True)
class Post:
    """A post that a person holds in a unit. 岗位。"""

    id: UUID
    unit_id: UUID
    unit_name: str
    division: str
    role: str


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


def cookie_name(site: str) -> str:
    """Return the session cookie's name at a site."""
    return f"yw_{site.replace('-', '_')}_session"


def digest(secret: str) -> str:
    """Return what is stored of a secret that only its bearer knows."""
    return hashlib.sha256(secret.encode()).hexdigest()


def current_actor(request: Request) -> Actor:
    """Return who is asking. Raises SignInNeeded, and Forbidden for an unsafe request without the CSRF header."""
    runtime: Runtime = request.app.state.runtime
    known = getattr(request.state, "actor", None)
    if known is not None:
        return known  # type: ignore[no-any-return]
    actor = _by_bearer(runtime, request) or _by_cookie(runtime, request)
    if actor is None:
        raise SignInNeeded("尚未登录或会话已结束 / not signed in, or the session has ended", next="/auth/login")
    request.state.actor = actor
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]


def require(permission: str) -> Any:
    """Return a dependency that lets through who holds the permission anywhere, as an Actor."""

    def holder(request: Request, actor: CurrentActor) -> Actor:
        from yiwang_kit.authorisation import forbidden, permissions_of

        runtime: Runtime = request.app.state.runtime
        with runtime.database.transaction() as session:
            if permission not in permissions_of(session, actor):
                raise forbidden(permission)
        return actor

    return Depends(holder)


def _by_bearer(runtime: Runtime, request: Request) -> Actor | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        claims = runtime.tokens.verify(token, audience=CLIENT_ID)
    except TokenRefused as refusal:
        raise SignInNeeded(str(refusal), next="/auth/login") from refusal
    return load_actor(runtime, UUID(str(claims["sub"])), None)


def _by_cookie(runtime: Runtime, request: Request) -> Actor | None:
    secret = request.cookies.get(cookie_name(runtime.settings.site.id))
    if not secret:
        return None
    if request.method not in SAFE_METHODS:
        _refuse_forgery(runtime, request)
    now = runtime.clock.now()
    with runtime.database.transaction() as session:
        found = session.execute(_SESSION, {"digest": digest(secret), "now": now, "idle": now - SESSION_IDLE}).first()
        if found is None:
            return None
        if now - found.seen_at > SEEN_EVERY:
            session.execute(_SEEN, {"digest": digest(secret), "now": now})
    return load_actor(runtime, found.user_id, found.id)


_SESSION = text(
    "SELECT id, user_id, seen_at FROM kit.session WHERE digest = :digest AND expires_at > :now AND seen_at > :idle"
)
_SEEN = text("UPDATE kit.session SET seen_at = :now WHERE digest = :digest")


def _refuse_forgery(runtime: Runtime, request: Request) -> None:
    origin = request.headers.get("origin")
    same = origin is None or origin.rstrip("/") == runtime.settings.public_url.rstrip("/")
    if not same or request.headers.get(CSRF_HEADER) != "1":
        raise Forbidden("请求来源不明 / a changing request needs the header X-Yiwang-CSRF and this site's origin")


def load_actor(runtime: Runtime, user_id: UUID, session_id: UUID | None) -> Actor | None:
    """Read a person as they are now; None where the account is gone or inactive."""
    with runtime.database.transaction() as session:
        user = session.execute(_USER, {"id": user_id}).first()
        if user is None:
            return None
        posts = tuple(Post(*row) for row in session.execute(_POSTS, {"id": user_id}))
    return Actor(user_id, user.login, user.name, posts, session_id, runtime.settings.site.id, user.must_change_password)


_USER = text("SELECT login, name, must_change_password FROM management_public.v1_user WHERE id = :id AND active")
_POSTS = text(
    "SELECT id, unit_id, unit_name, division, role FROM management_public.v1_post WHERE user_id = :id ORDER BY id"
)


def safe_next(target: str) -> str:
    """Return a local path to go to after sign-in; anything that could leave the site becomes the home page."""
    local = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if local else "/"


def router(runtime: Runtime) -> APIRouter:
    """Return the routes under /auth."""
    routes = APIRouter(prefix="/auth", tags=["auth"])

    @routes.get("/login")
    def login(next: str = "/") -> RedirectResponse:
        return RedirectResponse(begin(runtime, safe_next(next)), status_code=302)

    @routes.get("/callback")
    def callback(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
        if error or not code:
            raise SignInNeeded(f"登录未完成 / sign-in was not completed: {error or 'no code'}", next="/auth/login")
        return complete(runtime, request, state, code)

    @routes.post("/logout")
    def logout(actor: CurrentActor) -> Response:
        end(runtime, actor)
        answer = JSONResponse({"signed_out": True})
        answer.delete_cookie(cookie_name(runtime.settings.site.id), path="/")
        return answer

    @routes.get("/me")
    def me(actor: CurrentActor) -> dict[str, Any]:
        return describe(runtime, actor)

    return routes


def begin(runtime: Runtime, target: str) -> str:
    """Remember a sign-in under way; return the provider's address to go to."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    now = runtime.clock.now()
    with runtime.database.transaction() as session:
        session.execute(text("DELETE FROM kit.sign_in WHERE created_at < :old"), {"old": now - SIGN_IN_LIFETIME})
        session.execute(
            text("INSERT INTO kit.sign_in (state, verifier, nonce, next, created_at) VALUES (:s, :v, :n, :t, :now)"),
            {"s": state, "v": verifier, "n": nonce, "t": target, "now": now},
        )
    query = {
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": redirect_uri(runtime), "scope": "openid profile",
        "state": state, "nonce": nonce, "code_challenge": challenge(verifier), "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{runtime.settings.public_url}/oidc/authorize?{urlencode(query)}"


def redirect_uri(runtime: Runtime) -> str:
    """Return where the provider sends people back to."""
    return f"{runtime.settings.public_url}/auth/callback"


def challenge(verifier: str) -> str:
    """Return the S256 code challenge of RFC 7636 §4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def complete(runtime: Runtime, request: Request, state: str, code: str) -> Response:
    """Exchange the code, check the id token against what was begun, and start a session."""
    begun = _take_sign_in(runtime, state)
    tokens = _exchange(runtime, code, begun.verifier)
    try:
        claims = runtime.tokens.verify(str(tokens.get("id_token", "")), audience=CLIENT_ID, nonce=begun.nonce)
    except TokenRefused as refusal:
        raise SignInNeeded(str(refusal), next="/auth/login") from refusal
    secret = start(runtime, UUID(str(claims["sub"])), request.headers.get("user-agent", ""))
    answer = RedirectResponse(safe_next(begun.next), status_code=302)
    answer.set_cookie(
        cookie_name(runtime.settings.site.id), secret, path="/", httponly=True, samesite="lax",
        secure=runtime.settings.public_url.startswith("https://"), max_age=int(SESSION_LIFETIME.total_seconds()),
    )  # fmt: skip
    return answer


def _take_sign_in(runtime: Runtime, state: str) -> Any:
    oldest = runtime.clock.now() - SIGN_IN_LIFETIME
    with runtime.database.transaction() as session:
        query = text("DELETE FROM kit.sign_in WHERE state = :s AND created_at > :old RETURNING verifier, nonce, next")
        begun = session.execute(query, {"s": state, "old": oldest}).first()
    if begun is None:
        raise SignInNeeded("登录请求已过期或已使用 / this sign-in has expired or was used already", next="/auth/login")
    return begun


def _exchange(runtime: Runtime, code: str, verifier: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code", "code": code, "client_id": CLIENT_ID, "code_verifier": verifier,
        "redirect_uri": redirect_uri(runtime),
    }  # fmt: skip
    try:
        answer = runtime.http.post(f"{runtime.settings.public_url}/oidc/token", data=form)
    except httpx.TransportError as error:
        raise Unavailable(
            f"身份服务不可达 / the sign-in provider cannot be reached: {error}", next="/auth/login"
        ) from error
    if answer.status_code != httpx.codes.OK:
        raise SignInNeeded("登录凭据交换失败 / the provider refused the code", next="/auth/login")
    return dict(answer.json())


def start(runtime: Runtime, user_id: UUID, agent: str) -> str:
    """Open a session; return the secret for the cookie, of which only a digest is stored."""
    secret, now = secrets.token_urlsafe(32), runtime.clock.now()
    with runtime.database.transaction() as session:
        session.execute(text("DELETE FROM kit.session WHERE expires_at < :now"), {"now": now})
        session.execute(
            text(
                "INSERT INTO kit.session (digest, id, user_id, created_at, seen_at, expires_at, agent) "
                "VALUES (:digest, :id, :user, :now, :now, :end, :agent)"
            ),
            {"digest": digest(secret), "id": uuid7(), "user": user_id, "now": now, "end": now + SESSION_LIFETIME,
             "agent": agent[:200]},
        )  # fmt: skip
    return secret


def end(runtime: Runtime, actor: Actor) -> None:
    """Close the session of this request."""
    with runtime.database.transaction() as session:
        session.execute(text("DELETE FROM kit.session WHERE id = :id"), {"id": actor.session_id})


def describe(runtime: Runtime, actor: Actor) -> dict[str, Any]:
    """Return what the console needs to know of the person and the site."""
    from yiwang_kit.authorisation import permissions_of

    with runtime.database.transaction() as session:
        permissions = permissions_of(session, actor)
    site, settings = runtime.settings.site, runtime.settings
    posts = [
        {"id": str(p.id), "unit": {"id": str(p.unit_id), "name": p.unit_name}, "division": p.division, "role": p.role}
        for p in actor.posts
    ]
    return {
        "user": {"id": str(actor.user_id), "login": actor.login, "name": actor.name},
        "must_change_password": actor.must_change_password,
        "site": {"id": site.id, "code": site.code, "name": site.name, "name_en": site.name_en, "tier": site.tier,
                 "parent": site.parent, "demo": settings.demo},
        "release": settings.release,
        "fleet": settings.fleet_url is not None,
        "posts": posts,
        "permissions": permissions,
    }  # fmt: skip


def verifier_for(runtime: Runtime) -> TokenVerifier:
    """Return the verifier of this site's own issuer."""
    return TokenVerifier(f"{runtime.settings.public_url}/oidc", runtime.http, runtime.clock)
