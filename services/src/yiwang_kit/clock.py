"""Time enters by one door, so that a test can hold it still and a wrong clock can be made on purpose."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time. 时钟。"""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring."""


class SystemClock:
    """The machine's clock. 系统时钟。"""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()


class ManualClock:
    """A clock that moves when told. 手动时钟。"""

    def __init__(self, at: datetime) -> None:
        self._start = at
        self._at = at

    def now(self) -> datetime:
        """Return the time it was told."""
        return self._at

    def monotonic(self) -> float:
        """Return seconds since it was made."""
        return (self._at - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        """Move on by seconds."""
        self._at += timedelta(seconds=seconds)
