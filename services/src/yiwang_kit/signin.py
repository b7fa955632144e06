"""Sign-in: the hub is an OpenID Connect relying party (authorization code flow with PKCE, RFC 7636).

The provider is the hub's own management service at `{public_url}/oidc` unless `sign_in` in the settings names another
one. Our own provider's `sub` is the person's id; another one's person is found by login, in the claim `login_claim`,
and must already have an account here, because rights come from posts at this site and not from a token.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit import sessions
from yiwang_kit.auth import SIGN_IN, CurrentActor, describe
from yiwang_kit.clock import Clock
from yiwang_kit.errors import SignInNeeded, Unavailable
from yiwang_kit.pkce import CLIENT_ID, challenge, redirect_uri
from yiwang_kit.settings import HubSettings
from yiwang_kit.tokens import TokenRefused, TokenVerifier

if TYPE_CHECKING:
    from yiwang_kit.runtime import Runtime

UNDER_WAY = timedelta(minutes=10)
SCOPE = "openid profile"
Claims = dict[str, Any]


@dataclass(frozen=True)
class Endpoints:
    """Where a provider is asked. 身份服务地址。"""

    authorize: str
    token: str
    jwks: str


class SignIn:
    """This hub's relation to its sign-in provider. 登录依赖方。"""

    def __init__(self, settings: HubSettings, http: httpx.Client, clock: Clock) -> None:
        self._settings, self._http = settings, http
        chosen = settings.sign_in
        self.own = chosen is None
        self.issuer = f"{settings.public_url}/oidc" if chosen is None else chosen.issuer
        self.client_id = CLIENT_ID if chosen is None else chosen.client_id
        self._found: Endpoints | None = None
        self._verifier = TokenVerifier(self.issuer, http, clock, lambda: self.endpoints().jwks)

    def endpoints(self) -> Endpoints:
        """Return the provider's addresses; another provider's are learnt from its discovery document."""
        if self._found is None:
            self._found = own_endpoints(self.issuer) if self.own else self._discover()
        return self._found

    def access(self, token: str) -> Claims:
        """Return the claims of an access token. Raises TokenRefused."""
        claims = self._verifier.verify(token, audience=self.client_id)
        if "nonce" in claims:
            raise TokenRefused("身份令牌不能用于接口 / an id token is no access token")
        return claims

    def identity(self, token: str, nonce: str) -> Claims:
        """Return the claims of the id token that answers a sign-in with this nonce. Raises TokenRefused."""
        return self._verifier.verify(token, audience=self.client_id, nonce=nonce)

    def person(self, session: Session, claims: Claims) -> UUID | None:
        """Return the id of the person that the claims speak of, or None."""
        if self.own or self._settings.sign_in is None:
            return _uuid(claims["sub"])
        query = text("SELECT id FROM management_public.v1_user WHERE login = :login AND active")
        login = str(claims.get(self._settings.sign_in.login_claim, ""))
        found: UUID | None = session.execute(query, {"login": login}).scalar()
        return found

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> Claims:
        """Exchange a code for tokens. Raises SignInNeeded, Unavailable."""
        form = {"grant_type": "authorization_code", "code": code, "client_id": self.client_id,
                "code_verifier": verifier, "redirect_uri": redirect_uri, **self._secret()}  # fmt: skip
        try:
            answer = self._http.post(self.endpoints().token, data=form)
        except httpx.TransportError as error:
            raise unreachable(error) from error
        if answer.status_code != httpx.codes.OK:
            raise SignInNeeded("登录凭据交换失败 / the provider refused the code", next=SIGN_IN)
        return dict(answer.json())

    def _secret(self) -> dict[str, str]:
        chosen = self._settings.sign_in
        if chosen is None or chosen.client_secret_file is None:
            return {}
        return {"client_secret": chosen.client_secret_file.read_text(encoding="utf-8").strip()}

    def _discover(self) -> Endpoints:
        try:
            answer = self._http.get(f"{self.issuer}/.well-known/openid-configuration")
            found = answer.raise_for_status().json()
            endpoints = Endpoints(found["authorization_endpoint"], found["token_endpoint"], found["jwks_uri"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise unreachable(error) from error
        if found.get("issuer") != self.issuer:
            raise Unavailable(f"身份服务自称 {found.get('issuer')} / the provider calls itself something else")
        return endpoints


def own_endpoints(issuer: str) -> Endpoints:
    """Return where our own management service answers."""
    return Endpoints(f"{issuer}/authorize", f"{issuer}/token", f"{issuer}/jwks")


def unreachable(error: Exception) -> Unavailable:
    """Return the answer while the provider does not answer."""
    return Unavailable(f"身份服务不可达 / the sign-in provider cannot be reached: {error}", next=SIGN_IN)


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def safe_next(target: str) -> str:
    """Return a local path to go to after sign-in; anything that could leave the site becomes the home page."""
    local = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if local else "/"


def begin(runtime: Runtime, target: str, binder: str) -> str:
    """Remember a sign-in under way; return the provider's address to go to. `binder` is known to this browser alone."""
    authorize = runtime.sign_in.endpoints().authorize
    once, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    row = {"s": bound_state(once, binder), "v": verifier, "n": nonce, "t": target, "now": runtime.clock.now()}
    with runtime.database.transaction() as session:
        session.execute(_BEGIN, row)
    query = {
        "response_type": "code", "client_id": runtime.sign_in.client_id, "redirect_uri": redirect_uri(runtime),
        "scope": SCOPE, "state": row["s"], "nonce": nonce, "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{authorize}?{urlencode(query)}"


def bound_state(once: str, binder: str) -> str:
    """Return a state that only the browser holding `binder` can bring back: nobody is signed in as somebody else."""
    return f"{once}.{sessions.digest(f'{once}.{binder}')}"


def is_bound(state: str, binder: str) -> bool:
    """Return whether a state was begun in the browser that holds `binder`."""
    once = state.partition(".")[0]
    return bool(binder) and hmac.compare_digest(state.encode(), bound_state(once, binder).encode())


def to_provider(runtime: Runtime, request: Request, target: str) -> RedirectResponse:
    """Send the browser to the provider; sign-ins in several tabs share one binder, so that none spoils another's."""
    binder = request.cookies.get(binder_name(runtime)) or secrets.token_urlsafe(32)
    answer = RedirectResponse(begin(runtime, target, binder), status_code=302)
    answer.set_cookie(binder_name(runtime), binder, path="/auth", httponly=True, samesite="lax",
                      secure=is_secure(runtime), max_age=int(UNDER_WAY.total_seconds()))  # fmt: skip
    return answer


def binder_name(runtime: Runtime) -> str:
    """Return the name of the cookie that binds sign-ins to a browser."""
    return f"{sessions.cookie_name(runtime.settings.site.id)}_binder"


def is_secure(runtime: Runtime) -> bool:
    """Return whether cookies travel over TLS only."""
    return runtime.settings.public_url.startswith("https://")


def complete(runtime: Runtime, request: Request, state: str, code: str) -> Response:
    """Exchange the code, check the id token against what was begun, and start a session."""
    if not is_bound(state, request.cookies.get(binder_name(runtime), "")):
        raise SignInNeeded("登录请求不是由本浏览器发起 / this sign-in was not begun in this browser", next=SIGN_IN)
    begun = _take(runtime, state)
    tokens = runtime.sign_in.redeem(code, begun.verifier, redirect_uri(runtime))
    try:
        claims = runtime.sign_in.identity(str(tokens.get("id_token", "")), begun.nonce)
    except TokenRefused as refusal:
        raise SignInNeeded(str(refusal), next=SIGN_IN) from refusal
    secret = _open(runtime, claims, request.headers.get("user-agent", ""))
    answer = RedirectResponse(safe_next(begun.next), status_code=302)
    answer.set_cookie(
        sessions.cookie_name(runtime.settings.site.id), secret, path="/", httponly=True, samesite="lax",
        secure=is_secure(runtime), max_age=int(sessions.LIFETIME.total_seconds()),
    )  # fmt: skip
    return answer


def _open(runtime: Runtime, claims: Claims, agent: str) -> str:
    with runtime.database.transaction() as session:
        person = runtime.sign_in.person(session, claims)
        if person is None:
            raise SignInNeeded("此账号在本站点没有登记 / this account is not known at this site",
                               next="请联系本单位管理员 / ask your unit's administrator")  # fmt: skip
        secret = sessions.start(session, person, runtime.clock.now(), agent)
        runtime.audit.record(session, actor=str(person), action="kit.session.start", object_type="person",
                             object_id=str(person))  # fmt: skip
    return secret


def _take(runtime: Runtime, state: str) -> Any:
    with runtime.database.transaction() as session:
        begun = session.execute(_TAKE, {"s": state, "old": runtime.clock.now() - UNDER_WAY}).first()
    if begun is None:
        raise SignInNeeded("登录请求已过期或已使用 / this sign-in has expired or was used already", next=SIGN_IN)
    return begun


_BEGIN = text("INSERT INTO kit.sign_in (state, verifier, nonce, next, created_at) VALUES (:s, :v, :n, :t, :now)")
_TAKE = text("DELETE FROM kit.sign_in WHERE state = :s AND created_at > :old RETURNING verifier, nonce, next")


def sign_out(runtime: Runtime, actor: CurrentActor) -> Response:
    """End this session, on the server and in the browser."""
    if actor.session_id is not None:
        with runtime.database.transaction() as session:
            sessions.end(session, actor.session_id)
    answer = JSONResponse({"signed_out": True})
    answer.delete_cookie(sessions.cookie_name(runtime.settings.site.id), path="/")
    return answer


def router(runtime: Runtime) -> APIRouter:
    """Return the routes under /auth."""
    routes = APIRouter(prefix="/auth", tags=["auth"])

    @routes.get("/login")
    def login(request: Request, next: str = "/") -> RedirectResponse:
        return to_provider(runtime, request, safe_next(next))

    @routes.get("/callback")
    def callback(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
        if error or not code:
            raise SignInNeeded(f"登录未完成 / sign-in was not completed: {error or 'no code'}", next=SIGN_IN)
        return complete(runtime, request, state, code)

    @routes.post("/logout")
    def logout(actor: CurrentActor) -> Response:
        return sign_out(runtime, actor)

    @routes.get("/me")
    def me(actor: CurrentActor) -> dict[str, Any]:
        return describe(runtime, actor)

    return routes
