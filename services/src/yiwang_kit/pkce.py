"""What relying party and provider must agree on: the client, where it is sent back to, and the code challenge."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yiwang_kit.runtime import Runtime

CLIENT_ID = "hub"


def redirect_uri(runtime: Runtime) -> str:
    """Return where the provider sends people back to."""
    return f"{runtime.settings.public_url}/auth/callback"


def challenge(verifier: str) -> str:
    """Return the S256 code challenge of RFC 7636 §4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
