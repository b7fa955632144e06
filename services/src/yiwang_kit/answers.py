"""Turns everything that can go wrong in a request into an RFC 9457 answer that says who must act.

A bug is answered and logged once, under the request's id, and goes no further: the server's own traceback would print
what citizens wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from yiwang_kit import metrics
from yiwang_kit.errors import (
    MEDIA_TYPE,
    Broken,
    Conflict,
    Forbidden,
    HttpProblem,
    Invalid,
    NotFound,
    Problem,
    SignInNeeded,
    Unavailable,
)
from yiwang_kit.guards import REQUEST_ID
from yiwang_kit.ids import uuid7

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from yiwang_kit.runtime import Runtime

BY_STATUS: dict[int, type[Problem]] = {401: SignInNeeded, 403: Forbidden, 404: NotFound, 409: Conflict, 422: Invalid}
RETRY_SECONDS = "2"


def respond(request: Request, problem: Problem) -> Response:
    """Return a problem as the answer to a request."""
    headers = {}
    if problem.status == SignInNeeded.status:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == Unavailable.status:
        headers["Retry-After"] = RETRY_SECONDS
    return JSONResponse(problem.body(instance(request.scope)), problem.status, headers, media_type=MEDIA_TYPE)


def instance(scope: Any) -> str:
    """Return the URN of a request: the same word in answer, log and header."""
    return f"urn:uuid:{scope.get(REQUEST_ID) or uuid7()}"


def from_validation(error: RequestValidationError) -> Problem:
    """Return which fields are wrong and what was expected of each; never what was sent."""
    fields = [{"field": ".".join(map(str, e["loc"])), "expected": e["msg"]} for e in error.errors()]
    return Invalid("请按提示更正各字段 / correct the fields named below", errors=fields)


def from_http(error: HTTPException) -> Problem:
    """Return the problem behind a status that the framework raised."""
    if error.status_code in BY_STATUS:
        return BY_STATUS[error.status_code](str(error.detail))
    return HttpProblem(error.status_code, str(error.detail))


def from_database(error: Exception) -> Problem | None:
    """Return the problem behind a database error, or None where the bug is ours."""
    if isinstance(error, DataError):
        return Invalid("数据超出可存储的范围 / a value is outside what can be stored")
    if isinstance(error, OperationalError | PoolTimeout) or getattr(error, "connection_invalidated", False):
        return Unavailable("数据库暂不可用 / the database cannot answer now", next="yiwang status")
    return None


def broken(scope: Any) -> Problem:
    """Return the answer for a bug: its id, and whom to tell."""
    return Broken(f"错误编号 / error id {instance(scope)}", next="将错误编号告知运维 / tell operations the id")


class Unbroken:
    """ASGI middleware, innermost: answers and logs what no handler expected. 兜底应答。"""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app = app
        self._log = runtime.log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer for it where it breaks."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            await self._answer(Request(scope), error)(scope, receive, send)

    def _answer(self, request: Request, error: Exception) -> Response:
        known = from_database(error) if isinstance(error, DBAPIError | PoolTimeout) else None
        if known is None:
            self._log.error("broken", id=instance(request.scope), route=metrics.route_of(request), exc_info=error)
            return respond(request, broken(request.scope))
        self._log.warning("database", id=instance(request.scope), route=metrics.route_of(request),
                          error=f"{type(error).__name__}: {error.__cause__ or error}")  # fmt: skip
        return respond(request, known)


def answer_with_problems(app: FastAPI, runtime: Runtime) -> None:
    """Add the handlers to an app."""

    @app.exception_handler(Problem)
    def on_problem(request: Request, error: Problem) -> Response:
        return respond(request, error)

    @app.exception_handler(RequestValidationError)
    def on_validation(request: Request, error: RequestValidationError) -> Response:
        return respond(request, from_validation(error))

    @app.exception_handler(HTTPException)
    def on_http(request: Request, error: HTTPException) -> Response:
        return respond(request, from_http(error))

    app.add_middleware(Unbroken, runtime=runtime)
