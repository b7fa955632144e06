"""The site's own token key (ES256): made at the site, kept in its secrets folder, never sent anywhere."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from yiwang_kit.clock import Clock

FILE, CURVE, ALGORITHM = "oidc-key.json", "P-256", "ES256"
PRIVATE_MODE = 0o600


class TokenKey:
    """Signs and checks this site's tokens. 令牌密钥。"""

    def __init__(self, folder: Path, issuer: str, clock: Clock) -> None:
        self.issuer = issuer
        self._path = folder / FILE
        self._clock = clock
        self._key: ECKey | None = None

    def public(self) -> dict[str, Any]:
        """Return the JSON Web Key Set with the public half."""
        key = self._load()
        return {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}]}

    def issue(self, audience: str, lifetime: timedelta, **claims: Any) -> str:
        """Return a signed token for an audience."""
        now = int(self._clock.now().timestamp())
        key = self._load()
        held = {"iss": self.issuer, "aud": audience, "iat": now, "exp": now + int(lifetime.total_seconds()), **claims}
        return jwt.encode({"alg": ALGORITHM, "kid": key.thumbprint(), "typ": "JWT"}, held, key)

    def read(self, token: str, audience: str) -> dict[str, Any] | None:
        """Return the claims of a token that this key signed for an audience and that still lives, or None."""
        try:
            claims = dict(jwt.decode(token, self._load(), algorithms=[ALGORITHM]).claims)
        except (JoseError, ValueError, TypeError):
            return None
        alive = float(claims.get("exp", 0)) > self._clock.now().timestamp()
        return claims if alive and claims.get("aud") == audience and claims.get("iss") == self.issuer else None

    def _load(self) -> ECKey:
        if self._key is None:
            if not self._path.exists():
                self._make()
            self._key = ECKey.import_key(json.loads(self._path.read_text(encoding="utf-8")))
        return self._key

    def _make(self) -> None:
        """Write a fresh key under a name of its own, then link it in place: of two makers, the first one wins."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f".{FILE}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(ECKey.generate_key(CURVE).as_dict(private=True), out)
            out.flush()
            os.fsync(out.fileno())
        try:
            self._path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
