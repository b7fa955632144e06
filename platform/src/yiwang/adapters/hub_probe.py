"""A cheap look at a hub's health and at what it publishes: the standard library alone, because agents idle for years."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 3.0


@dataclass(frozen=True)
class HubProbe:
    """One site's hub, asked from beside it. 枢纽探测。"""

    url: str

    def look(self) -> tuple[bool, str]:
        """Return whether the hub is ready, and why not."""
        try:
            status, body = self._get("/readyz")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return False, f"枢纽无应答 / the hub does not answer ({error or type(error).__name__})"
        reasons = body.get("reasons") or []
        return status == http.client.OK, "; ".join(map(str, reasons)) or f"readyz {status}"

    def version(self) -> str | None:
        """Return the release that the hub says it serves; None where it does not say."""
        try:
            status, body = self._get("/version")
        except (OSError, http.client.HTTPException, ValueError):
            return None
        return str(body.get("release")) if status == http.client.OK else None

    def issuer(self) -> tuple[str, str] | None:
        """Return the issuer of this site's tokens and its keys as JSON, where the hub has them."""
        try:
            status, keys = self._get("/oidc/jwks")
        except (OSError, http.client.HTTPException, ValueError):
            return None
        return (f"{self.url}/oidc", json.dumps(keys, sort_keys=True)) if status == http.client.OK else None

    def _get(self, path: str) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path, headers={"Accept": "application/json"})
            response = connection.getresponse()
            body = json.loads(response.read() or b"{}")
        finally:
            connection.close()
        return response.status, body if isinstance(body, dict) else {}
