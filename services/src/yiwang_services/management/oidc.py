"""The site's OpenID provider: code flow with PKCE (RFC 6749, RFC 7636, OIDC Core) and token exchange (RFC 8693).

One client is known: the hub of the same origin. The request under way travels in the form as a token that this site
signed, so that opening the sign-in page writes nothing.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from yiwang_kit.app import service_app
from yiwang_kit.auth import CLIENT_ID, Actor, challenge, digest, redirect_uri
from yiwang_kit.errors import Forbidden, Invalid, SignInNeeded
from yiwang_kit.runtime import Runtime
from yiwang_services.management import factors, page, store
from yiwang_services.management.content import SERVICE
from yiwang_services.management.keys import ALGORITHM, TokenKey
from yiwang_services.management.settings import (
    CODE_LIFETIME,
    FLEET_TOKEN_LIFETIME,
    FORM_LIFETIME,
    SECOND_STEP,
    TOKEN_LIFETIME,
)
from yiwang_services.management.signing_in import Door, Outcome

FORM_AUDIENCE, CODE_AUDIENCE, DONE_AUDIENCE = "sign-in-form", "sign-in-code", "sign-in-done"
"""What a form's signed token is good for: a password, a code after the password, nothing but going on."""
CARRIED = ("state", "nonce", "code_challenge")
FLEET_PERMISSION = "fleet.matrix.read"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type's name
CHALLENGE_LENGTHS = range(43, 129)
PARAMETER_LIMIT = 512
NO_STORE = {"Cache-Control": "no-store"}
ShortForm = Annotated[str, Form(max_length=4096)]


class Provider:
    """Answers the provider's endpoints for one site. 身份提供方。"""

    def __init__(self, runtime: Runtime, key: TokenKey, door: Door) -> None:
        self.runtime = runtime
        self.key = key
        self.door = door

    def discovery(self) -> dict[str, Any]:
        """Return the provider's metadata (OIDC Discovery §3)."""
        issuer = self.key.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", EXCHANGE_GRANT],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "scopes_supported": ["openid", "profile"],
        }

    def begin(self, query: dict[str, str]) -> str:
        """Check an authorisation request; return it as a signed form token. Raises Invalid, never redirecting astray."""
        expected = {
            "client_id": CLIENT_ID, "redirect_uri": redirect_uri(self.runtime), "response_type": "code",
            "code_challenge_method": "S256",
        }  # fmt: skip
        wrong = [name for name, value in expected.items() if query.get(name) != value]
        if len(query.get("code_challenge", "")) not in CHALLENGE_LENGTHS:
            wrong.append("code_challenge")
        wrong += [n for n in ("state", "nonce") if not 0 < len(query.get(n, "")) <= PARAMETER_LIMIT]
        if "openid" not in query.get("scope", "").split():
            wrong.append("scope")
        if wrong:
            raise Invalid(f"登录请求参数不符 / refused parameters: {', '.join(wrong)}", next="/auth/login")
        return self.key.issue(FORM_AUDIENCE, FORM_LIFETIME, **{name: query[name] for name in CARRIED})

    def enter(self, form: str, login: str, password: str, code: str, address: str) -> Response:
        """Take a filled-in form: the next page, back to the hub with a code, or the page again with the reason."""
        request = self.key.read(form, FORM_AUDIENCE)
        if request is not None:
            return self._after_password(request, form, login, self.door.knock(login, password, address))
        request = self.key.read(form, CODE_AUDIENCE)
        if request is not None:
            return self._after_code(request, form, self.door.second(UUID(request["sub"]), code, address))
        request = self.key.read(form, DONE_AUDIENCE)
        if request is not None:
            return self._back_to_hub(UUID(request["sub"]), request)
        # Left open too long: a fresh page says more to a person than a problem in JSON.
        return RedirectResponse("/auth/login", status_code=303, headers=NO_STORE)

    def _after_password(self, request: dict[str, Any], form: str, login: str, outcome: Outcome) -> Response:
        if outcome.person is None:
            return _page(self.page(form, login=login, outcome=outcome), outcome)
        if outcome.word == "done":
            return self._back_to_hub(outcome.person, request)
        return _page(
            self._code_page(self._carry(CODE_AUDIENCE, outcome.person, request, enrol=outcome.word == "enrol"))
        )

    def _after_code(self, request: dict[str, Any], form: str, outcome: Outcome) -> Response:
        if outcome.person is None:
            return _page(self._code_page(form, outcome), outcome)
        if not outcome.recovery:
            return self._back_to_hub(outcome.person, request)
        done = self._carry(DONE_AUDIENCE, outcome.person, request)
        settings = self.runtime.settings
        return _page(page.recovery(settings.site, demo=settings.demo, form=done, codes=outcome.recovery))

    def _carry(self, audience: str, person: UUID, request: dict[str, Any], **claims: Any) -> str:
        kept = {name: request[name] for name in CARRIED}
        return self.key.issue(audience, SECOND_STEP, sub=str(person), **kept, **claims)

    def _code_page(self, form: str, outcome: Outcome | None = None) -> str:
        claims, settings = self.key.read(form, CODE_AUDIENCE) or {}, self.runtime.settings
        said = page.reason(outcome) if outcome else None
        if not claims.get("enrol"):
            return page.second(settings.site, demo=settings.demo, form=form, said=said)
        secret, login = self.door.secret_for(UUID(claims["sub"]))
        return page.enrol(settings.site, demo=settings.demo, form=form, secret=factors.spaced(secret), said=said,
                          uri=factors.uri(secret, login, settings.site.name))  # fmt: skip

    def _back_to_hub(self, person: UUID, request: dict[str, Any]) -> Response:
        query = urlencode({"code": self._code(person, request), "state": request["state"]})
        return RedirectResponse(f"{redirect_uri(self.runtime)}?{query}", status_code=302, headers=NO_STORE)

    def page(self, form: str, *, login: str = "", outcome: Outcome | None = None) -> str:
        """Return the sign-in page."""
        settings = self.runtime.settings
        said = page.reason(outcome) if outcome else None
        return page.render(settings.site, demo=settings.demo, form=form, login=login, said=said)

    def tokens(self, code: str, verifier: str, client: str, back_to: str) -> dict[str, Any]:
        """Exchange a code once. Raises Invalid for whatever does not fit the request that made it."""
        now = self.runtime.clock.now()
        with self.runtime.database.transaction(SERVICE) as session:
            held = store.take_code(session, digest(code), now)
            person = store.person(session, held.person) if held is not None else None
        if held is None or person is None or not person.active:
            raise _refused_code()
        same = held.client == client and held.redirect_uri == back_to
        if not same or not hmac.compare_digest(challenge(verifier), held.challenge):
            raise _refused_code()
        claims = {"sub": str(person.id), "name": person.name, "preferred_username": person.login}
        return {
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "access_token": self.key.issue(CLIENT_ID, TOKEN_LIFETIME, sub=claims["sub"]),
            "id_token": self.key.issue(
                CLIENT_ID, TOKEN_LIFETIME, nonce=held.nonce, auth_time=int(now.timestamp()), **claims
            ),
        }

    def exchange(self, subject: str, audience: str) -> dict[str, Any]:
        """Give a token for the fleet against an access token of this site."""
        claims = self.key.read(subject, CLIENT_ID)
        if claims is None:
            raise SignInNeeded("令牌无效 / the subject token is not valid", next="/auth/login", error="invalid_grant")
        if audience != self.runtime.settings.fleet_audience:
            raise Invalid(f"不签发此用途的令牌 / no tokens for {audience}", error="invalid_target")
        return {
            "access_token": self.fleet_token(UUID(claims["sub"])),
            "issued_token_type": ACCESS_TOKEN_TYPE,
            "token_type": "Bearer",
            "expires_in": int(FLEET_TOKEN_LIFETIME.total_seconds()),
        }

    def fleet_token(self, person_id: UUID) -> str:
        """Return a short token for control. Raises Forbidden without the permission to see the fleet."""
        with self.runtime.database.transaction(SERVICE) as session:
            person = store.person(session, person_id)
            held = store.permissions(session, person_id)
        if person is None or not person.active or FLEET_PERMISSION not in held:
            raise Forbidden(f"缺少权限 {FLEET_PERMISSION} / the permission is missing", permission=FLEET_PERMISSION,
                            next="请联系本单位管理员授权 / ask your unit's administrator")  # fmt: skip
        claims = {"sub": str(person_id), "name": person.name, "site": self.runtime.settings.site.id,
                  "permissions": [name for name in held if name.startswith("fleet.")]}  # fmt: skip
        return self.key.issue(self.runtime.settings.fleet_audience, FLEET_TOKEN_LIFETIME, **claims)

    def about(self, token: str) -> dict[str, Any]:
        """Return who a token's bearer is (OIDC Core §5.3)."""
        claims = self.key.read(token, CLIENT_ID)
        if claims is None:
            raise SignInNeeded("令牌无效 / the token is not valid", next="/auth/login")
        with self.runtime.database.transaction(SERVICE) as session:
            person = store.person(session, UUID(claims["sub"]))
        if person is None or not person.active:
            raise SignInNeeded("账号不可用 / the account is closed", next="/auth/login")
        return {"sub": str(person.id), "name": person.name, "preferred_username": person.login}

    def _code(self, person: UUID, request: dict[str, Any]) -> str:
        code, now = secrets.token_urlsafe(32), self.runtime.clock.now()
        with self.runtime.database.transaction(SERVICE) as session:
            store.add_code(session, digest=digest(code), person=person, client=CLIENT_ID, nonce=request["nonce"],
                           redirect_uri=redirect_uri(self.runtime), challenge=request["code_challenge"],
                           expires_at=now + CODE_LIFETIME, now=now)  # fmt: skip
        return code


def _page(html: str, outcome: Outcome | None = None) -> Response:
    """Return a page; 429 and 401 where it says why a try failed."""
    status = 200 if outcome is None else 429 if outcome.word == "slowed" else 401
    return HTMLResponse(html, status, NO_STORE)


def _refused_code() -> Invalid:
    return Invalid(
        "授权码无效、已使用或已过期 / the code is wrong, used or expired", next="/auth/login", error="invalid_grant"
    )


def create_provider(runtime: Runtime, provider: Provider) -> FastAPI:
    """Return the app that is mounted at /oidc."""
    app = service_app("oidc", runtime, title_zh="统一登录")

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return provider.discovery()

    @app.get("/jwks")
    def jwks() -> dict[str, Any]:
        return provider.key.public()

    @app.get("/authorize")
    def authorize(request: Request) -> HTMLResponse:
        return HTMLResponse(provider.page(provider.begin(dict(request.query_params))), headers=NO_STORE)

    @app.post("/authorize")
    def enter(http: Request, request: ShortForm = "", login: ShortForm = "", password: ShortForm = "",
              code: ShortForm = "") -> Response:  # fmt: skip
        address = http.client.host if http.client else "unknown"
        return provider.enter(request, login, password, code, address)

    @app.post("/token")
    def token(
        grant_type: ShortForm, code: ShortForm = "", code_verifier: ShortForm = "", client_id: ShortForm = "",
        redirect_uri: ShortForm = "", subject_token: ShortForm = "", audience: ShortForm = "",
    ) -> JSONResponse:  # fmt: skip
        if grant_type == "authorization_code":
            return JSONResponse(provider.tokens(code, code_verifier, client_id, redirect_uri), headers=NO_STORE)
        if grant_type == EXCHANGE_GRANT:
            return JSONResponse(provider.exchange(subject_token, audience), headers=NO_STORE)
        raise Invalid("不支持的授权类型 / this grant type is not offered", error="unsupported_grant_type")

    @app.get("/userinfo")
    def userinfo(request: Request) -> dict[str, Any]:
        _, _, bearer = request.headers.get("authorization", "").partition(" ")
        return provider.about(bearer)

    return app


def issuer_of(provider: Provider) -> Any:
    """Return what the kit calls for a fleet token of whoever is signed in."""

    def issue(actor: Actor) -> str:
        return provider.fleet_token(actor.user_id)

    return issue
