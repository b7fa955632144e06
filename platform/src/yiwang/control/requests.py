"""Who is asking: a site's agent, an operator, or a person at a site's console. Everybody else is refused and audited."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from yiwang.model.command import REQUEST_TOLERANCE_SECONDS, Header, RequestContext, SignedRequest, body_digest
from yiwang.model.trust import HybridPublic
from yiwang_kit.crypto import HybridPublicKey
from yiwang_kit.errors import Forbidden, SignInNeeded

NONCES_KEPT = 100_000
NEXT = "yiwang status"


@dataclass(frozen=True)
class Principal:
    """Whoever a request is from, proven. 请求方。"""

    kind: Literal["agent", "operator", "console"]
    name: str
    site: str | None = None

    def title(self) -> str:
        """Return the name that journal and audit carry."""
        return f"{self.kind}:{self.name}"


@dataclass
class Nonces:
    """Remembers what was used within the tolerance, so that a request counts once. 防重放。"""

    _seen: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, sender: str, nonce: str, now: float) -> bool:
        """Return whether this nonce is new."""
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now - 2 * REQUEST_TOLERANCE_SECONDS:
                self._seen.popitem(last=False)
            if (sender, nonce) in self._seen or len(self._seen) >= NONCES_KEPT:
                return False
            self._seen[(sender, nonce)] = now
            return True


@dataclass(frozen=True)
class Incoming:
    """A request as it arrived. 收到的请求。"""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


KeyOf = Callable[[str], tuple[HybridPublic, int] | None]


@dataclass
class Authenticator:
    """Checks signed requests. 请求鉴别。"""

    site_key: KeyOf
    """Return a site's present key and incarnation, or None when it is not enrolled."""
    operators: Mapping[str, HybridPublic]
    clock: Callable[[], float] = time.time
    nonces: Nonces = field(default_factory=Nonces)
    started: float = field(default_factory=time.time)

    def agent(self, request: Incoming, site: str) -> Principal:
        """Return the agent of a site, or refuse: another site's key opens nothing here."""
        sender = request.headers.get(Header.SITE, "")
        if sender != site:
            raise Forbidden(f"请求以 {sender or '无名'} 的名义访问 {site} / signed as {sender or 'nobody'}, not {site}")
        known = self.site_key(site)
        if known is None:
            raise SignInNeeded(f"站点 {site} 尚未入网 / site {site} is not enrolled", next="yiwang up")
        keys, incarnation = known
        signed = self._signed(request, sender, keys, RequestContext.AGENT)
        if signed.incarnation != incarnation:
            raise Forbidden(f"实例代次 {signed.incarnation} 已被隔离 / incarnation {signed.incarnation} is fenced, "
                            f"{incarnation} is current")  # fmt: skip
        return Principal("agent", site, site)

    def operator(self, request: Incoming) -> Principal:
        """Return the operator who signed, or refuse."""
        name = request.headers.get(Header.OPERATOR, "")
        keys = self.operators.get(name)
        if keys is None:
            raise SignInNeeded(f"未登记的操作员 {name!r} / no operator {name!r} is registered here", next="yiwang init")
        signed = self._signed(request, name, keys, RequestContext.OPERATOR)
        if signed.timestamp < int(self.started) - 1:
            raise SignInNeeded("请求早于管控启动 / the request is older than this control process", next=NEXT)
        return Principal("operator", name)

    def _signed(self, request: Incoming, sender: str, keys: HybridPublic, context: RequestContext) -> SignedRequest:
        signed = _parse(request, sender)
        now = self.clock()
        if abs(now - signed.timestamp) > REQUEST_TOLERANCE_SECONDS:
            raise SignInNeeded(
                f"时钟相差 {int(now - signed.timestamp)} 秒 / the sender's clock is {int(now - signed.timestamp)} s off",
                next="检查时钟同步 / check time synchronisation (chronyc tracking)",
            )
        _check(signed, request.headers.get(Header.SIGNATURE, ""), keys, context)
        if not self.nonces.use(sender, signed.nonce, now):
            raise SignInNeeded("请求已用过 / this request was already used", next=NEXT)
        return signed


def _parse(request: Incoming, sender: str) -> SignedRequest:
    try:
        return SignedRequest(
            method=request.method, target=request.target, body_sha256=body_digest(request.body), sender=sender,
            incarnation=int(request.headers.get(Header.INCARNATION, "0")),
            timestamp=int(request.headers.get(Header.TIMESTAMP, "")), nonce=request.headers.get(Header.NONCE, ""),
        )  # fmt: skip
    except (ValueError, ValidationError) as error:
        raise SignInNeeded("请求未签名 / the request is not signed", next=NEXT) from error


def _check(signed: SignedRequest, text: str, keys: HybridPublic, context: RequestContext) -> None:
    halves = dict(part.partition(":")[::2] for part in text.split(",") if ":" in part)
    try:
        valid = HybridPublicKey.from_json(keys.model_dump()).verify(signed.canonical_bytes(), halves, context.value)
    except ValueError as error:
        raise SignInNeeded(f"签名无效 / the signature is not valid: {error}", next=NEXT) from error
    if not valid:
        raise SignInNeeded(f"签名与 {signed.sender} 的密钥不符 / not signed by the key of {signed.sender}", next=NEXT)
