"""A request with the same key is done once, however often it is sent; the answer given first is given again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header
from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.clock import Clock
from yiwang_kit.crypto import sm3
from yiwang_kit.errors import Invalid

KEY_LIMIT = 128
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=KEY_LIMIT)]


def once(
    session: Session, actor: Actor, key: str, request: Any, clock: Clock, work: Callable[[], Any]
) -> tuple[Any, bool]:
    """Do `work` unless this person did it under this key; return (answer, whether it was done now).

    `request` is what makes it the same request: the same key with another one is refused (Invalid). Everything happens
    in the caller's transaction: two equal requests at once wait for each other at the key's row.
    """
    digest = sm3(json.dumps(request, sort_keys=True, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))
    claimed = session.execute(
        text(
            "INSERT INTO kit.idempotency (actor, key, request, status, body, at) "
            "VALUES (:actor, :key, :request, 0, '', :at) ON CONFLICT (actor, key) DO NOTHING RETURNING key"
        ),
        {"actor": actor.user_id, "key": key, "request": digest, "at": clock.now()},
    ).first()
    if claimed is None:
        return _earlier(session, actor, key, digest), False
    answer = work()
    session.execute(
        text("UPDATE kit.idempotency SET status = 200, body = :body WHERE actor = :actor AND key = :key"),
        {"actor": actor.user_id, "key": key, "body": json.dumps(answer, ensure_ascii=False, default=str)},
    )
    return answer, True


def _earlier(session: Session, actor: Actor, key: str, digest: bytes) -> Any:
    row = session.execute(
        text("SELECT request, body FROM kit.idempotency WHERE actor = :actor AND key = :key"),
        {"actor": actor.user_id, "key": key},
    ).one()
    if bytes(row.request) != digest:
        raise Invalid("同一幂等键用于不同内容 / this Idempotency-Key was used for other content",
                      next="为新内容使用新的键 / use a new key for new content")  # fmt: skip
    return json.loads(row.body)
