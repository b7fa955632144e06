"""Removes what has run out: ended sessions, abandoned sign-ins, old idempotency keys; lets services do their chores. Hourly."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit import sessions

if TYPE_CHECKING:
    from yiwang_kit.runtime import Runtime

FIRST_SECONDS, EVERY_SECONDS, REST_SECONDS = 20.0, 3600.0, 60.0
SIGN_IN_KEPT = timedelta(hours=1)
IDEMPOTENCY_KEPT = timedelta(days=7)
LOCK = 0x59574B4545  # "YWKEE"


def sweep(session: Session, now: datetime) -> bool:
    """Remove what has run out; False where another process is at it."""
    if not session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}).scalar():
        return False
    sessions.sweep(session, now)
    session.execute(text("DELETE FROM kit.sign_in WHERE created_at < :old"), {"old": now - SIGN_IN_KEPT})
    session.execute(text("DELETE FROM kit.idempotency WHERE at < :old"), {"old": now - IDEMPOTENCY_KEPT})
    return True


class Housekeeper:
    """Sweeps hourly in a thread of its own. 定期清理。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ending.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        due = time.monotonic() + FIRST_SECONDS
        while not self._ending.wait(max(0.0, min(REST_SECONDS, due - time.monotonic()))):
            self._runtime.database.rest()
            if time.monotonic() < due:
                continue
            due = time.monotonic() + EVERY_SECONDS
            for chore in (self._sweep, *self._runtime.chores):
                try:
                    chore()
                except Exception as error:  # the next hour tries again; no chore may end the others
                    self._runtime.log.warning("housekeeping", exc_info=error)

    def _sweep(self) -> None:
        with self._runtime.database.transaction() as session:
            if sweep(session, self._runtime.clock.now()):
                self._runtime.attachments.sweep(session)
