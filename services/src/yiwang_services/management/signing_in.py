"""Checking a login, a password and a second factor: wrong tries close login and address for longer and longer.

Every answer to a wrong try is the same for a login that somebody has and for one that nobody has.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from yiwang_kit.clock import Clock
from yiwang_kit.runtime import Runtime
from yiwang_services.management import passwords, store, tries
from yiwang_services.management.content import SERVICE, second_factor_policy
from yiwang_services.management.domain import LOGIN, SEPARATE_DUTIES, password_fits
from yiwang_services.management.factors import Factors
from yiwang_services.management.metrics import Metrics
from yiwang_services.management.settings import TRIES_PER_MINUTE
from yiwang_services.management.store import ADDRESS_KEY, LOGIN_KEY

MINUTE, ADDRESSES_KEPT = 60.0, 10_000
NEXT_STEP = {"done", "second", "enrol"}
"""How a try with the right password may end."""


@dataclass(frozen=True)
class Outcome:
    """How a try ended: who it is and what comes next, or why not. 登录结果。"""

    word: str
    person: UUID | None = None
    until: datetime | None = None
    recovery: tuple[str, ...] = ()
    """Recovery codes, shown once after enrolment."""


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

    def __init__(self, runtime: Runtime, metrics: Metrics, factors: Factors) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._factors = factors
        self._pace = Pace(runtime.clock)

    def knock(self, login: str, password: str, address: str) -> Outcome:
        """Check one login and password, count the try, and leave a trace of it in the audit."""
        return self._counted(self._check(login.strip().lower(), password, address))

    def second(self, person_id: UUID, code: str, address: str) -> Outcome:
        """Check the code of somebody whose password was right; wrong ones count like wrong passwords."""
        return self._counted(self._check_code(person_id, code, address))

    def secret_for(self, person_id: UUID) -> tuple[str, str]:
        """Return the secret that somebody has to enrol, and their login."""
        with self._runtime.database.transaction(SERVICE) as session:
            secret = self._factors.begun(session, person_id, self._runtime.clock.now())
            return secret, store.person(session, person_id).login

    def _counted(self, outcome: Outcome) -> Outcome:
        self._metrics.sign_ins.labels(outcome.word).inc()
        return outcome

    def _check(self, login: str, password: str, address: str) -> Outcome:
        closed = self._closed(address)
        if closed is not None:
            return closed
        if not LOGIN.match(login):
            password_fits(password, None)
            return self._wrong(None, address)
        hashed = self._hash_of(login)
        fits = password_fits(password, hashed)  # outside any transaction: it takes its time on purpose
        return self._settle(login, hashed, fits, address)

    def _closed(self, address: str) -> Outcome | None:
        if not self._pace.allows(address):
            return Outcome("slowed")
        with self._runtime.database.transaction(SERVICE) as session:
            until = tries.closed_until(session, ADDRESS_KEY + address, self._runtime.clock.now())
        return Outcome("slowed", until=until) if until else None

    def _hash_of(self, login: str) -> str | None:
        with self._runtime.database.transaction(SERVICE) as session:
            person = store.person_by_login(session, login)
        return person.password if person is not None and person.active else None

    def _settle(self, login: str, hashed: str | None, fits: bool, address: str) -> Outcome:
        now = self._runtime.clock.now()
        with self._runtime.database.transaction(SERVICE) as session:
            person = store.person_by_login(session, login, lock=True)
            until = tries.closed_until(session, LOGIN_KEY + login, now)
            if until is not None:
                return Outcome("locked", until=until)
            if person is None or not person.active or person.password != hashed or not fits:
                return self._wrong(login, address, session, known=person is not None)
            return self._right(session, person, now)

    def _right(self, session: Session, person: Any, now: datetime) -> Outcome:
        if passwords.is_due(person.password_changed_at, now):
            store.must_change_password(session, person.id)
        if person.factor_on:
            return Outcome("second", person=person.id)
        if self._demanded(session, person.id):
            return Outcome("enrol", person=person.id)
        return self._let_in(session, person)

    def _demanded(self, session: Session, person: UUID) -> bool:
        required = second_factor_policy(self._runtime) == "required"
        return required and bool(store.duties_of(session, person) & SEPARATE_DUTIES)

    def _let_in(self, session: Session, person: Any, recovery: tuple[str, ...] = ()) -> Outcome:
        store.forget_tries(session, LOGIN_KEY + person.login)
        self._record(session, person.login, "management.sign_in")
        return Outcome("done", person=person.id, recovery=recovery)

    def _check_code(self, person_id: UUID, code: str, address: str) -> Outcome:
        closed = self._closed(address)
        if closed is not None:
            return closed
        now = self._runtime.clock.now()
        with self._runtime.database.transaction(SERVICE) as session:
            person = store.person(session, person_id)
            if person is None or not person.active:
                return Outcome("wrong")
            until = tries.closed_until(session, LOGIN_KEY + person.login, now)
            if until is not None:
                return Outcome("locked", until=until)
            if person.factor_on:
                right = self._factors.check(session, person_id, code, now)
                return self._let_in(session, person) if right else self._wrong(person.login, address, session, "code")
            recovery = self._factors.confirm(session, person_id, code, now)
            if recovery is None:
                return self._wrong(person.login, address, session, "code")
            self._record(session, person.login, "management.second_factor.on")
            return self._let_in(session, person, tuple(recovery))

    def _wrong(self, login: str | None, address: str, session: Session | None = None, word: str = "wrong", *,
               known: bool = True) -> Outcome:  # fmt: skip
        """Count a wrong try. What somebody typed as a login that nobody has stays off the trail: it may be a password."""
        if session is None:
            with self._runtime.database.transaction(SERVICE) as own:
                return self._wrong(login, address, own, word)
        now = self._runtime.clock.now()
        tries.count_wrong(session, ADDRESS_KEY + address, now)
        until = tries.count_wrong(session, LOGIN_KEY + login, now) if login else None
        if login and known:
            self._record(session, login, "management.sign_in.locked" if until else "management.sign_in.wrong")
        return Outcome("locked", until=until) if until else Outcome(word)

    def _record(self, session: Session, login: str, action: str) -> None:
        self._runtime.audit.record(session, actor=login, action=action, object_type="person", object_id=login)
