"""Checking a login and password: wrong ones close the account for a while, and one address may not try without end."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yiwang_kit.clock import Clock
from yiwang_kit.runtime import Runtime
from yiwang_services.management import store
from yiwang_services.management.content import SERVICE
from yiwang_services.management.domain import LOGIN, password_fits
from yiwang_services.management.metrics import Metrics
from yiwang_services.management.settings import LOCKOUT, LOCKOUT_FAILURES, TRIES_PER_MINUTE

MINUTE, ADDRESSES_KEPT = 60.0, 10_000


@dataclass(frozen=True)
class Outcome:
    """How a try ended: who it is, or why not. 登录结果。"""

    word: str
    person: UUID | None = None
    until: datetime | None = None


class Pace:
    """Counts tries by address over the last minute. 限速。"""

    def __init__(self, clock: Clock, limit: int = TRIES_PER_MINUTE) -> None:
        self._clock = clock
        self._limit = limit
        self._tries: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def allows(self, address: str) -> bool:
        """Return whether this address may try now, and count the try."""
        now = self._clock.monotonic()
        with self._lock:
            if len(self._tries) > ADDRESSES_KEPT:
                self._tries.clear()
            tries = self._tries.setdefault(address, deque())
            while tries and now - tries[0] > MINUTE:
                tries.popleft()
            if len(tries) >= self._limit:
                return False
            tries.append(now)
            return True


class Door:
    """Decides about tries to sign in. 登录校验。"""

    def __init__(self, runtime: Runtime, metrics: Metrics) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._pace = Pace(runtime.clock)

    def knock(self, login: str, password: str, address: str) -> Outcome:
        """Check one try, count it, and leave a trace of it in the audit."""
        outcome = self._check(login, password, address)
        self._metrics.sign_ins.labels(outcome.word).inc()
        return outcome

    def _check(self, login: str, password: str, address: str) -> Outcome:
        if not self._pace.allows(address):
            return Outcome("slowed")
        login = login.strip().lower()
        if not LOGIN.match(login):
            password_fits(password, None)
            return Outcome("wrong")
        hashed = self._hash_of(login)
        fits = password_fits(password, hashed)  # outside any transaction: it takes its time on purpose
        return self._settle(login, hashed, fits)

    def _hash_of(self, login: str) -> str | None:
        with self._runtime.database.transaction(SERVICE) as session:
            person = store.person_by_login(session, login)
        return person.password if person is not None and person.active else None

    def _settle(self, login: str, hashed: str | None, fits: bool) -> Outcome:
        now = self._runtime.clock.now()
        with self._runtime.database.transaction(SERVICE) as session:
            person = store.person_by_login(session, login, lock=True)
            if person is None or not person.active or person.password != hashed:
                return Outcome("wrong")
            if person.locked_until is not None and person.locked_until > now:
                return Outcome("locked", until=person.locked_until)
            if fits:
                store.set_tries(session, person.id, 0, None)
                self._record(session, login, "management.sign_in")
                return Outcome("done", person=person.id)
            failures = person.failures + 1
            closed = now + LOCKOUT if failures >= LOCKOUT_FAILURES else None
            store.set_tries(session, person.id, 0 if closed else failures, closed)
            self._record(session, login, "management.sign_in.locked" if closed else "management.sign_in.wrong")
            return Outcome("locked", until=closed) if closed else Outcome("wrong")

    def _record(self, session: object, login: str, action: str) -> None:
        self._runtime.audit.record(session, actor=login, action=action, object_type="person", object_id=login)  # type: ignore[arg-type]
