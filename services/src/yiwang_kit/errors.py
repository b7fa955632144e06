"""Errors as people and programs read them: RFC 9457 problem details, Chinese title with the English one beside it."""

from __future__ import annotations

from typing import Any

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:yiwang:problem:"


class Problem(Exception):
    """An answer that says what is wrong and what to do next. 问题说明。

    `type` is a short stable word; `detail` is for this occurrence; `next` names the next step for whoever must act.
    """

    status = 500
    type = "broken"
    title_zh = "系统内部错误"
    title_en = "Internal error"

    def __init__(
        self, detail: str = "", *, next: str = "", errors: list[dict[str, Any]] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail or self.title_en)
        self.detail = detail
        self.next = next
        self.errors = errors or []
        self.extra = extra

    def body(self, instance: str) -> dict[str, Any]:
        """Return the JSON object; `instance` is the request's id."""
        content: dict[str, Any] = {
            "type": TYPE_PREFIX + self.type,
            "title": self.title_zh,
            "title_en": self.title_en,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            **self.extra,
        }
        if self.next:
            content["next"] = self.next
        if self.errors:
            content["errors"] = self.errors
        return content


class Broken(Problem):
    """A bug of ours, with an id to find it by. 系统错误。"""


class HttpProblem(Problem):
    """A status that only the framework raises, such as 405. 协议层问题。"""

    type = "http"

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status = status
        self.title_zh, self.title_en = TITLES_ZH.get(status, "请求无法处理"), title


TITLES_ZH = {400: "请求格式有误", 405: "不支持此操作", 406: "无法提供所需格式", 415: "不支持的内容类型"}


class SignInNeeded(Problem):
    """Nobody is signed in, or no longer. 需要登录。"""

    status, type, title_zh, title_en = 401, "sign-in-needed", "需要登录", "Sign-in needed"


class Forbidden(Problem):
    """Signed in, but without the right. 没有权限。"""

    status, type, title_zh, title_en = 403, "forbidden", "没有权限", "Not permitted"


class NotFound(Problem):
    """Not there, or not for this person to know. 未找到。"""

    status, type, title_zh, title_en = 404, "not-found", "未找到", "Not found"


class Conflict(Problem):
    """Somebody else was faster, or the state does not allow it. 冲突。"""

    status, type, title_zh, title_en = 409, "conflict", "内容已变化", "Conflict"


class PreconditionFailed(Problem):
    """The version that the caller saw is no longer the current one. 版本已变化。"""

    status, type, title_zh, title_en = 412, "version-changed", "内容已被他人更新", "Changed by somebody else"


class TooLarge(Problem):
    """More than this door takes. 内容过大。"""

    status, type, title_zh, title_en = 413, "too-large", "内容过大", "Too large"


class Invalid(Problem):
    """Content that cannot be taken as it is; `errors` name field, expectation. 内容无效。"""

    status, type, title_zh, title_en = 422, "invalid", "内容不符合要求", "Invalid content"


class TooMany(Problem):
    """Too many tries for now. 请求过多。"""

    status, type, title_zh, title_en = 429, "too-many", "请求过于频繁", "Too many requests"


class Unavailable(Problem):
    """Not now; the detail says what is missing and since when. 暂不可用。"""

    status, type, title_zh, title_en = 503, "unavailable", "暂时不可用", "Unavailable for now"


def documented_problems() -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's `responses` for every refusal that any operation may answer with (RFC 9457)."""
    text = {"type": "string"}
    schema = {
        "type": "object",
        "title": "Problem",
        "required": ["type", "title", "title_en", "status", "detail", "instance"],
        "properties": {
            "type": text, "title": text, "title_en": text, "status": {"type": "integer"}, "detail": text,
            "instance": text, "next": text,
            "errors": {"type": "array", "items": {"type": "object"}},
        },
    }  # fmt: skip
    content = {MEDIA_TYPE: {"schema": schema}}
    return {status: {"description": title, "content": content} for status, title in REFUSALS.items()}


REFUSALS = {
    400: "请求格式有误 / malformed request",
    401: "需要登录 / sign-in needed",
    403: "没有权限 / not permitted",
    404: "未找到 / not found",
    405: "不支持此操作 / no such operation here",
    409: "与当前状态冲突 / in conflict with the present state",
    412: "数据已被他人修改 / changed by somebody else meanwhile",
    413: "内容过大 / too large",
    415: "不支持的内容类型 / unsupported content type",
    422: "内容有误 / invalid content",
    428: "缺少版本 / a version is required",
    429: "请求过于频繁 / too many requests",
    503: "暂不可用 / not available now",
}
