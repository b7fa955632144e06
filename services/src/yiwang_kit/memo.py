"""What one transaction has read already, so that a page and an action ask the database for the same rows once.

A row is kept only within its transaction and only until the same code writes it; nothing outlives the session.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from sqlalchemy.orm import Session

T = TypeVar("T")
_KEPT = "yiwang.kept"


def kept(session: Session, key: Hashable, read: Callable[[], T]) -> T:
    """Return what was read under this key in this transaction, reading it the first time."""
    shelf: dict[Hashable, object] = session.info.setdefault(_KEPT, {})
    if key not in shelf:
        shelf[key] = read()
    return cast(T, shelf[key])


def forget(session: Session, key: Hashable) -> None:
    """Read again the next time: the caller writes what the key stands for."""
    session.info.get(_KEPT, {}).pop(key, None)
