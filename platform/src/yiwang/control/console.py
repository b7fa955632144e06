"""People at a site's console: believed by a token of their own site's issuer, for their own part of the tree only."""

from __future__ import annotations

import json
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from yiwang.control.kernel import Kernel
from yiwang.control.requests import Principal
from yiwang.control.store import SiteRow
from yiwang_kit.errors import SignInNeeded

AUDIENCE = "fleet"
ALGORITHMS = ["ES256"]
LEEWAY_SECONDS = 30


class ConsoleUsers:
    """Checks console tokens with keys that control learnt from signed reports. 控制台用户。"""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def principal(self, authorization: str) -> Principal:
        """Return the person behind a bearer token, with the site whose subtree they may see."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise SignInNeeded("需要签名或令牌 / neither a signature nor a bearer token", next="yiwang status")
        site = self._site_of(token)
        claims = self._claims(token, site)
        return Principal("console", f"{claims.get('sub')}@{site.site}", site.site)

    def _site_of(self, token: str) -> SiteRow:
        """Return the site whose issuer the token names; nothing of it is believed yet."""
        try:
            issuer = json.loads(_segment(token, 1)).get("iss")
        except (ValueError, AttributeError, IndexError) as error:
            raise SignInNeeded("令牌格式无效 / this is no token") from error
        with self._kernel.transaction() as store:
            sites = [row for row in store.sites().values() if row.issuer and row.issuer == issuer]
        if len(sites) != 1 or sites[0].jwks is None:
            raise SignInNeeded(f"签发方未知 / no site has reported the issuer {issuer}", next="yiwang consistency")
        return sites[0]

    def _claims(self, token: str, site: SiteRow) -> dict[str, Any]:
        try:
            keys = KeySet.import_key_set(json.loads(site.jwks or "{}"))
            claims = dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignInNeeded("令牌签名无效 / the token's signature is not valid") from error
        self._check(claims)
        return claims

    def _check(self, claims: dict[str, Any]) -> None:
        held = claims.get("aud")
        if AUDIENCE not in (held if isinstance(held, list) else [held]):
            raise SignInNeeded(f"令牌用途不符 / the token is meant for {held}, not {AUDIENCE}")
        now = self._kernel.clock.now().timestamp()
        if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= now - LEEWAY_SECONDS:
            raise SignInNeeded("令牌已过期 / the token has expired", next="重新登录 / sign in again")


def _segment(token: str, number: int) -> bytes:
    """Return one decoded part of a compact token."""
    import base64

    part = token.split(".")[number]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
