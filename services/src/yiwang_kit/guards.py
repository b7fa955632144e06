"""What no handler should ever meet: bodies too large, JSON too deep, characters that no database takes.

These are pure ASGI, in front of everything, so that a hostile body is refused before anything parses it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from yiwang_kit.errors import MEDIA_TYPE, Invalid, Problem, TooLarge
from yiwang_kit.ids import uuid7

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT = 1024 * 1024
DEPTH_LIMIT = 64
FILES = re.compile(r"^/api/(attachments/v1|[a-z]+/v1/imports/[a-z]+)$")
"""Where a file may come in: attachments, and tables that a service imports. Each looks at the size it takes itself."""
FILE_BODY_LIMIT = 20 * 1024 * 1024 + 64 * 1024  # one file and the words of its form
REQUEST_ID = "yiwang.request_id"  # key in the ASGI scope
OPENING, CLOSING = b"[{", b"]}"
# A whole string, ended or not, or a run of brackets. No part can match in two ways, so it is linear whatever comes.
_BRACKETS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]+|[\]}]+', re.DOTALL)
SECURITY_HEADERS = (
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
     b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)  # fmt: skip


def json_depth(body: bytes, enough: int = BODY_LIMIT) -> int:
    """Return how deep the brackets of a JSON text nest, without parsing it; stops counting beyond `enough`."""
    depth = deepest = 0
    for token in _BRACKETS.finditer(body):
        run = token.group()
        if run[0] in OPENING:
            depth += len(run)
            deepest = max(deepest, depth)
            if deepest > enough:
                break
        elif run[0] in CLOSING:
            depth -= len(run)
    return deepest


def check_json(body: bytes) -> None:
    """Raise Invalid for JSON that is too deep, or that carries NUL or half a surrogate pair."""
    if body.count(b"[") + body.count(b"{") > DEPTH_LIMIT and json_depth(body, DEPTH_LIMIT) > DEPTH_LIMIT:
        raise Invalid(f"JSON 嵌套超过 {DEPTH_LIMIT} 层 / JSON nested deeper than {DEPTH_LIMIT}")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("请求须为 UTF-8 / the body must be UTF-8", next="以 UTF-8 重新提交 / send it as UTF-8") from error
    if "\\u" in text or "\x00" in text:
        check_text(_parsed(text))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid(f"不是有效的 JSON / not JSON: {error}") from error


def check_text(value: Any) -> None:
    """Raise Invalid where a NUL or a lone surrogate stands anywhere in a parsed value."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str) and ("\x00" in item or any("\ud800" <= c <= "\udfff" for c in item)):
            raise nul_refused()
        if isinstance(item, dict):
            stack.extend([*item.keys(), *item.values()])
        elif isinstance(item, list):
            stack.extend(item)


def check_address(scope: Scope) -> None:
    """Raise Invalid where the path or the query carries NUL, written out or escaped."""
    if "\x00" in scope.get("path", "") or b"%00" in scope.get("query_string", b""):
        raise nul_refused()


def nul_refused() -> Invalid:
    """Return the answer for a NUL, which no text column takes."""
    return Invalid("文本含有空字符或不完整字符 / the text holds NUL or half a character")


class Guard:
    """ASGI middleware: limits on the way in, security headers and the request's id on the way out. 入口防护。"""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on once its body is fit to be parsed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope[REQUEST_ID] = str(uuid7())
        dressed = _with_headers(send, request_id)
        try:
            check_address(scope)
            if streams(scope):
                await self._app(scope, bounded(receive, scope), dressed)
                return
            body = await self._body(scope, receive)
        except Problem as problem:
            await answer(problem, dressed, request_id)
            return
        await self._app(scope, replay(body, receive), dressed)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > BODY_LIMIT:
            raise too_large()
        body = await read_body(receive)
        check_body(body, headers.get(b"content-type", b"json"))
        return body


def streams(scope: Scope) -> bool:
    """Return whether a request brings a file, which goes to disk piece by piece and is never parsed as JSON."""
    kind = dict(scope["headers"]).get(b"content-type", b"")
    return (
        bool(FILES.match(scope.get("path", "")))
        and scope.get("method") == "POST"
        and kind.startswith(b"multipart/form-data")
    )


def bounded(receive: Receive, scope: Scope) -> Receive:
    """Return a receive that raises TooLarge once a file's request is over its limit, declared or not."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > FILE_BODY_LIMIT:
        raise too_large(FILE_BODY_LIMIT)
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > FILE_BODY_LIMIT:
            raise too_large(FILE_BODY_LIMIT)
        return message

    return counted


async def read_body(receive: Receive) -> bytes:
    """Collect a body. Raises TooLarge as soon as it is over the limit, whatever length it declared."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT:
            raise too_large()
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def check_body(body: bytes, kind: bytes) -> None:
    """Raise Invalid for a body of this content type that no handler should meet."""
    if body and b"json" in kind:
        check_json(body)
    elif b"urlencoded" in kind and (b"%00" in body or b"\x00" in body):
        raise nul_refused()


def too_large(limit: int = BODY_LIMIT) -> TooLarge:
    """Return the answer for a body over the limit."""
    return TooLarge(f"请求体超过 {limit} 字节 / the body is over {limit} bytes", limit=limit)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive that hands out the body once, then whatever the server says."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send, request_id: str) -> Send:
    extra = [*SECURITY_HEADERS, (b"x-request-id", request_id.encode())]

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *extra]
        await send(message)

    return wrapped


async def answer(problem: Problem, send: Send, request_id: str, extra: list[tuple[bytes, bytes]] | None = None) -> None:
    """Send a problem without the help of any framework."""
    body = json.dumps(problem.body(f"urn:uuid:{request_id}"), ensure_ascii=False).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *(extra or []),
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
