"""How often one caller may knock: a token bucket per session and one per address, in front of every handler.

A page that was opened and its figures are cheap; a script that tries passwords or reads everything is not. Buckets live in
this process only and are bounded in number: the limit protects the process, it is no accounting.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from yiwang_kit.errors import TooMany
from yiwang_kit.guards import REQUEST_ID, App, Receive, Scope, Send, answer
from yiwang_kit.ids import uuid7
from yiwang_kit.settings import RateSettings

MOST_CALLERS = 10_000
COUNTED = ("/api/", "/auth/", "/oidc/", "/open311/")
"""Everything else is a file of the page, or a probe of this site's own machines."""


@dataclass
class Buckets:
    """Token buckets by caller: `burst` at once, `per_second` after that. 令牌桶。"""

    per_second: float
    burst: float
    most: int = MOST_CALLERS
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait(self, caller: str, now: float) -> float:
        """Take one token; return 0.0, or the seconds until there is one. Time is monotonic, in seconds."""
        left, at = self._left.pop(caller, (self.burst, now))
        left = min(self.burst, left + max(0.0, now - at) * self.per_second)
        taken = left >= 1.0
        self._left[caller] = (left - 1.0 if taken else left, now)
        if len(self._left) > self.most:
            self._left.popitem(last=False)
        return 0.0 if taken else (1.0 - left) / self.per_second

    def __len__(self) -> int:
        return len(self._left)


class RateLimit:
    """ASGI middleware: answers 429 with Retry-After to who knocks too often. 访问频率限制。"""

    def __init__(self, app: App, *, settings: RateSettings, cookie: str, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._cookie = f"{cookie}=".encode()
        self._monotonic = monotonic
        self._sessions = Buckets(settings.session_per_second, settings.session_burst)
        self._addresses = Buckets(settings.address_per_second, settings.address_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say when to come back."""
        if scope["type"] != "http" or not scope["path"].startswith(COUNTED):
            await self._app(scope, receive, send)
            return
        wait = self._wait(scope)
        if not wait:
            await self._app(scope, receive, send)
            return
        seconds = math.ceil(wait)
        problem = TooMany(
            f"请求过于频繁，请 {seconds} 秒后再试 / too many requests, try again in {seconds} s", retry_after=seconds
        )
        await answer(problem, send, scope.get(REQUEST_ID) or str(uuid7()), [(b"retry-after", str(seconds).encode())])

    def _wait(self, scope: Scope) -> float:
        """Return how long this caller has to wait: the address always counts, the session too where there is one.

        A made-up session would buy a fresh bucket, but never one of its address.
        """
        now = self._monotonic()
        client = scope.get("client")
        wait = self._addresses.wait(client[0] if client else "-", now)
        if not wait and (session := self._session(scope["headers"])):
            wait = self._sessions.wait(session, now)
        return wait

    def _session(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        for name, value in headers:
            if name == b"authorization" or (name == b"cookie" and self._cookie in value):
                return hashlib.sha256(value).hexdigest()
        return ""
