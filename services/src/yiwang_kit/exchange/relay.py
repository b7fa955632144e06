"""The threads that keep links moving: one a neighbour, one for applying; each holds a session advisory lock.

The lock makes a second process wait instead of numbering the same rows, and falls with its connection, so that a
killed process never leaves it behind.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from yiwang_kit.clock import Clock
from yiwang_kit.database import Database
from yiwang_kit.exchange import store
from yiwang_kit.exchange.carrier import LinkDown
from yiwang_kit.exchange.link import Diverged, Fenced, Link
from yiwang_kit.exchange.signing import NotBelieved

BACKOFF_FIRST, BACKOFF_MOST = 0.2, 5.0
GREET_EVERY_SECONDS = 20.0
IDLE_POLLS_MOST = 5  # an idle worker looks this many times less often than one with work


class Locks:
    """The advisory locks of one process, all on one connection: a province has a worker for each of its cities. 咨询锁。"""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mutex = threading.Lock()
        self._connection: Connection | None = None
        self._life = 0

    def take(self, name: str) -> int | None:
        """Take a lock; return the connection's life that holds it, or None where another process has it."""
        with self._mutex:
            if self._connection is None:
                self._connection = self._database.engine.connect()
                self._life += 1
            question = text("SELECT pg_try_advisory_lock(:lock)")
            return self._life if self._ask(self._connection, question, {"lock": lock_number(name)}) else None

    def still(self, life: int) -> bool:
        """Return whether locks taken in that life of the connection still hold. Raises SQLAlchemyError as it breaks."""
        with self._mutex:
            if life != self._life or self._connection is None:
                return False
            return bool(self._ask(self._connection, text("SELECT 1"), {}))

    def close(self) -> None:
        """Give every lock back."""
        with self._mutex:
            self._drop()

    def _ask(self, connection: Connection, question: TextClause, values: dict[str, Any]) -> Any:
        try:
            answer = connection.execute(question, values).scalar()
            connection.commit()
        except SQLAlchemyError:
            self._drop()
            raise
        return answer

    def _drop(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()  # not back to the pool: the locks end with it
            connection.close()


def lock_number(name: str) -> int:
    """Return the number under which PostgreSQL knows a lock."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


class Worker:
    """A thread that does `work` when woken or after a while, under an advisory lock, and backs off on errors. 工作线程。"""

    def __init__(self, name: str, locks: Locks, work: Callable[[], bool], *, poll: float, log: Any) -> None:
        self._name = name
        self._locks = locks
        self._work = work
        self._poll = poll
        self._log = log
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def stop(self) -> None:
        """End after the work under way."""
        self._ending.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)

    def _run(self) -> None:
        pause = BACKOFF_FIRST
        while not self._ending.is_set():
            try:
                self._locked()
                pause = BACKOFF_FIRST
            except SQLAlchemyError as error:
                self._log.warning("exchange.database", worker=self._name, error=str(error)[:300])
            self._ending.wait(pause)
            pause = min(pause * 2, BACKOFF_MOST)

    def _locked(self) -> None:
        """Take the lock, then work until the end or until the lock is lost with its connection."""
        held = self._locks.take(self._name)
        if held is None:
            return
        idle = self._poll
        while not self._ending.is_set():
            self._wake.clear()
            if self._work():
                idle = self._poll
            else:  # woken by the hook of a commit; the poll only finds what no hook told of, so it may grow rare
                woken = self._wake.wait(idle)
                idle = self._poll if woken else min(idle * 2, self._poll * IDLE_POLLS_MOST)
            if not self._locks.still(held):
                return


class Shipper:
    """What one link's worker does: a step, and the link's state written down when it changes. 发送器。"""

    def __init__(self, link: Link, database: Database, clock: Clock, log: Any) -> None:
        self._link = link
        self._database = database
        self._clock = clock
        self._log = log
        self._state: tuple[str, str] | None = None
        self._greeted = float("-inf")

    def work(self) -> bool:
        """Move the link on; return whether there may be more at once."""
        if self._clock.monotonic() - self._greeted > GREET_EVERY_SECONDS:
            self._link.forget_position()
            self._greeted = self._clock.monotonic()
        try:
            shipped = self._link.step()
        except (LinkDown, NotBelieved) as error:
            self._note("down", str(error))
            self._link.forget_position()
            return False
        except Fenced as error:
            self._note("fenced", str(error))
            return False
        except Diverged as error:
            self._note("diverged", str(error))
            return False
        self._note("up", "")
        return shipped > 0

    def _note(self, state: str, error: str) -> None:
        if self._state == (state, error):
            return
        changed = self._state is None or self._state[0] != state
        self._state = (state, error)
        with self._database.transaction() as session:
            row = store.peer_row(session, self._link.peer.site)
            values: dict[str, Any] = {"state": state, "last_error": error[:500]}
            if changed and (row is None or row.state != state):
                values["since"] = self._clock.now()
            store.set_peer(session, self._link.peer.site, **values)
        self._log.info("exchange.link", peer=self._link.peer.site, state=state, error=error)
