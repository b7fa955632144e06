"""Keyset pages: a cursor is the last row's sort key, opaque to the caller, so that page 10⁶ costs what page 1 costs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from yiwang_kit.errors import Invalid

Row = TypeVar("Row")
DEFAULT_LIMIT, MAXIMUM_LIMIT = 50, 200

Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT, description="rows a page, 1 to 200")]


def encode(values: Sequence[Any]) -> str:
    """Return a cursor for the sort key of the last row shown."""
    content = json.dumps([str(value) for value in values], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(cursor: str, width: int) -> list[str]:
    """Return the sort key in a cursor. Raises Invalid for anything this door did not hand out."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, UnicodeDecodeError) as error:
        raise _refusal() from error
    if not isinstance(values, list) or len(values) != width or not all(isinstance(v, str) for v in values):
        raise _refusal()
    return values


def _refusal() -> Invalid:
    return Invalid(
        "分页游标无效 / the cursor is not one of ours", next="去掉 cursor 重新查询 / query again without cursor"
    )


def page(
    rows: Sequence[Row], limit: int, key: Callable[[Row], Sequence[Any]], *, total: int | None = None
) -> dict[str, Any]:
    """Cut `limit` rows of the `limit + 1` that were read; the cursor is None on the last page."""
    shown = list(rows[:limit])
    following = encode(key(shown[-1])) if len(rows) > limit else None
    return {"items": shown, "next": following, "total": total}
