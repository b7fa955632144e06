"""Signed requests over HTTP, with the standard library alone: an agent idles for years, so it imports little.

One kept-alive connection, one signature a request, one kind of refusal. Agent and operator differ in their key, their
headers and the signing context, and in nothing else.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from yiwang.adapters.tls import TlsFiles
from yiwang.errors import NotReady, Refused, Unreachable
from yiwang.model.command import Header, RequestContext, SignedRequest, body_digest

JsonObject = dict[str, Any]
HALVES = ("ed25519", "sm2")
DISBELIEF = (http.client.UNAUTHORIZED, http.client.FORBIDDEN)


class Signer(Protocol):
    """Whoever can sign for a purpose: a hybrid private key. 签名者。"""

    def sign(self, message: bytes, context: str) -> dict[str, str]:
        """Return both halves of a signature, in hex."""


@dataclass(frozen=True)
class Sender:
    """In whose name requests go out. 请求发送者。"""

    name: str
    context: RequestContext
    signer: Signer
    incarnation: int = 0

    def headers(self, method: str, target: str, body: bytes, now: float) -> dict[str, str]:
        """Return the headers that make a request this sender's."""
        request = SignedRequest(
            method=method, target=target, body_sha256=body_digest(body), sender=self.name,
            incarnation=self.incarnation, timestamp=int(now), nonce=secrets.token_urlsafe(18),
        )  # fmt: skip
        halves = self.signer.sign(request.canonical_bytes(), self.context.value)
        who = Header.SITE if self.context is RequestContext.AGENT else Header.OPERATOR
        return {
            who: self.name,
            Header.INCARNATION: str(self.incarnation),
            Header.TIMESTAMP: str(request.timestamp),
            Header.NONCE: request.nonce,
            Header.SIGNATURE: ",".join(f"{half}:{halves[half]}" for half in HALVES),
        }


@dataclass
class SignedHttp:
    """One server, one sender, one connection kept alive. 签名 HTTP 连接。"""

    base_url: str
    sender: Sender | None = None
    timeout: float = 10.0
    tls: TlsFiles | None = None
    """Whom an https address is believed by, and what is shown to it; read again at every new connection."""
    next: str = "yiwang control start"
    clock: Callable[[], float] = time.time
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)
    _since: datetime | None = None

    def call(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> JsonObject:
        """Send one request and return the JSON answer. Raises Unreachable or Refused."""
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        status, answer = self._exchange(method, target, data)
        if status < http.client.BAD_REQUEST:
            return answer
        if status in DISBELIEF:
            self.close()  # the next connection shows what certificate there is then
        raise self._refusal(method, target, status, answer)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, method: str, target: str, data: bytes) -> tuple[int, JsonObject]:
        """Send, and send once more when a kept connection turns out to be closed."""
        fresh = self._connection is None
        try:
            return self._send(method, target, data)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if fresh:
                raise self._silent(error) from error
        try:
            return self._send(method, target, data)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise self._silent(error) from error

    def _send(self, method: str, target: str, data: bytes) -> tuple[int, JsonObject]:
        connection = self._connected()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self.sender is not None:
            headers |= self.sender.headers(method, target, data, self.clock())
        connection.request(method, target, body=data or None, headers=headers)
        response = connection.getresponse()
        text = response.read()
        self._since = None
        return response.status, _json(text, response.status)

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            parts = urlsplit(self.base_url)
            host, port = parts.hostname or "", parts.port
            self._connection = (
                http.client.HTTPSConnection(host, port, timeout=self.timeout, context=self._context())
                if parts.scheme == "https"
                else http.client.HTTPConnection(host, port, timeout=self.timeout)
            )
        return self._connection

    def _context(self) -> ssl.SSLContext:
        if self.tls is None:
            raise NotReady(
                what=f"{self.base_url}: 未固定证书机构 / no certificate authority is pinned", next="yiwang up"
            )
        try:
            return self.tls.context()
        except OSError as error:
            raise NotReady(what=f"{self.tls.authority}: {error}", next="yiwang up") from error

    def _silent(self, error: Exception) -> Unreachable:
        """Return the error for a server that does not answer, with the moment it fell silent."""
        self._since = self._since or datetime.now(UTC)
        what = f"管控 {self.base_url} 无应答 / control does not answer ({error or type(error).__name__})"
        return Unreachable(what=what, since=self._since, next=self.next)

    def _refusal(self, method: str, target: str, status: int, answer: JsonObject) -> Exception:
        said = answer.get("detail") or answer.get("title") or ""
        if status >= http.client.INTERNAL_SERVER_ERROR:
            what = f"管控出错 / control failed: {status} {method} {target} {said}"
            return Unreachable(what=what, since=None, next=answer.get("next") or self.next)
        return Refused(
            rule=f"{said} ({status} {target})",
            who=answer.get("who") or "操作员 / an operator",
            next=answer.get("next") or "yiwang status",
        )


def _json(text: bytes, status: int) -> JsonObject:
    """Return a JSON object; anything else is wrapped, so that a proxy's error page is still an answer."""
    try:
        answer = json.loads(text or b"{}")
    except ValueError:
        answer = {"detail": text[:200].decode(errors="replace"), "status": status}
    return answer if isinstance(answer, dict) else {"items": answer}
