"""JSON Web Tokens: signed ES256 by the issuer, checked for issuer, audience, time and nonce (RFC 7519, OIDC Core §3.1.3.7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from yiwang_kit.clock import Clock

ALGORITHMS = ["ES256"]
LEEWAY_SECONDS = 30
REFRESH_SECONDS = 60.0
FORGED = "令牌签名无效 / the token's signature is not valid"


class TokenRefused(Exception):
    """A token that is not believed, with the reason. 令牌被拒绝。"""


class TokenVerifier:
    """Checks tokens of one issuer; learns its keys when first needed, and again for a key it does not know. 令牌校验。"""

    def __init__(self, issuer: str, http: httpx.Client, clock: Clock, jwks_uri: Callable[[], str]) -> None:
        self.issuer = issuer
        self._http = http
        self._clock = clock
        self._jwks_uri = jwks_uri
        self._keys: KeySet | None = None
        self._learnt = float("-inf")
        self._lock = threading.Lock()

    def verify(self, token: str, *, audience: str, nonce: str | None = None) -> dict[str, Any]:
        """Return the claims. Raises TokenRefused with the reason in Chinese and English."""
        claims = self._decode(token)
        refusal = refusal_of(claims, self.issuer, audience, nonce, self._clock.now().timestamp())
        if refusal:
            raise TokenRefused(refusal)
        return claims

    def _decode(self, token: str) -> dict[str, Any]:
        claims = _believed(token, self._key_set())
        if claims is None and self._clock.monotonic() - self._learnt > REFRESH_SECONDS:
            claims = _believed(token, self._key_set(fresh=True))
        if claims is None:
            raise TokenRefused(FORGED)
        return claims

    def _key_set(self, *, fresh: bool = False) -> KeySet:
        with self._lock:
            if self._keys is None or fresh:
                self._keys = self._fetch()
                self._learnt = self._clock.monotonic()
            return self._keys

    def _fetch(self) -> KeySet:
        try:
            answer = self._http.get(self._jwks_uri())
            return KeySet.import_key_set(answer.raise_for_status().json())
        except (httpx.HTTPError, JoseError, ValueError) as error:
            raise TokenRefused(f"无法取得签发方公钥 / the issuer's keys cannot be fetched: {error}") from error


def _believed(token: str, keys: KeySet) -> dict[str, Any] | None:
    try:
        return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def refusal_of(claims: dict[str, Any], issuer: str, audience: str, nonce: str | None, now: float) -> str:
    """Return why signed claims are not for us, or nothing."""
    held = claims.get("aud")
    audiences = held if isinstance(held, list) else [held]
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    checks = (
        (claims.get("iss") == issuer, f"令牌由其他站点签发 / issued by {claims.get('iss')}, not {issuer}"),
        (audience in audiences, f"令牌用途不符 / meant for {held}, not {audience}"),
        (isinstance(expires, int | float) and expires > now - LEEWAY_SECONDS, "令牌已过期 / the token has expired"),
        (
            isinstance(begins, int | float) and begins <= now + LEEWAY_SECONDS,
            "令牌尚未生效 / the token is not valid yet",
        ),
        (nonce is None or claims.get("nonce") == nonce, "登录请求不匹配 / the token belongs to another sign-in"),
        (isinstance(claims.get("sub"), str), "令牌缺少主体 / the token names nobody"),
    )
    return next((reason for holds, reason in checks if not holds), "")
