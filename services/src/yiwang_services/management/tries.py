"""Wrong tries to sign in, counted by login and by address: each further lock is twice as long as the one before.

Logins that nobody has are counted like those that somebody has, so that no answer and no waiting time tells which exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from yiwang_services.management import tables as t
from yiwang_services.management.settings import (
    ADDRESS_FAILURES,
    ADDRESS_LOCKOUT,
    LOCKOUT,
    LOCKOUT_FAILURES,
    LOCKOUT_LONGEST,
    TRIES_KEPT,
)
from yiwang_services.management.store import ADDRESS_KEY, LOGIN_KEY


@dataclass(frozen=True)
class Patience:
    """How many wrong tries are borne, and how long the first lock lasts. 锁定规则。"""

    failures: int
    first: timedelta

    def lock(self, times: int) -> timedelta:
        """Return how long the lock after so many earlier ones lasts."""
        return min(self.first * 2 ** min(times, 20), LOCKOUT_LONGEST)


RULES = {LOGIN_KEY: Patience(LOCKOUT_FAILURES, LOCKOUT), ADDRESS_KEY: Patience(ADDRESS_FAILURES, ADDRESS_LOCKOUT)}


def closed_until(session: Session, key: str, now: datetime) -> datetime | None:
    """Return until when a login or an address has to wait, or None."""
    row = session.execute(select(t.sign_in_try).where(t.sign_in_try.c.key == key)).first()
    return row.locked_until if row is not None and row.locked_until and row.locked_until > now else None


def count_wrong(session: Session, key: str, now: datetime) -> datetime | None:
    """Count a wrong try; return until when the login or address is closed if this try closed it."""
    rule = RULES[LOGIN_KEY if key.startswith(LOGIN_KEY) else ADDRESS_KEY]
    row = _row(session, key, now)
    stale = now - row.seen_at > TRIES_KEPT
    failures, locks = (1, 0) if stale else (row.failures + 1, row.locks)
    until = now + rule.lock(locks) if failures >= rule.failures else None
    values = {"failures": 0, "locks": locks + 1} if until else {"failures": failures, "locks": locks}
    session.execute(
        update(t.sign_in_try).where(t.sign_in_try.c.key == key).values(**values, locked_until=until, seen_at=now)
    )
    return until


def _row(session: Session, key: str, now: datetime) -> Any:
    """Return the row of a key, locked; makes one where there is none, also when two tries come at once."""
    query = select(t.sign_in_try).where(t.sign_in_try.c.key == key).with_for_update()
    found = session.execute(query).first()
    if found is None:
        session.execute(text("LOCK TABLE management.sign_in_try IN SHARE ROW EXCLUSIVE MODE"))
        found = session.execute(query).first()
    if found is None:
        session.execute(insert(t.sign_in_try).values(key=key, failures=0, locks=0, locked_until=None, seen_at=now))
        found = session.execute(query).one()
    return found


def sweep(session: Session, now: datetime) -> None:
    """Forget tries that nothing followed for a day."""
    session.execute(delete(t.sign_in_try).where(t.sign_in_try.c.seen_at < now - TRIES_KEPT - LOCKOUT_LONGEST))
