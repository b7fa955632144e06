"""UUIDv7 ids made in Python (RFC 9562 §5.7): they sort by time and need nothing of the database."""

from __future__ import annotations

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0

VERSION, VARIANT = 0x7, 0b10
RANDOM_BITS, COUNTER_BITS = 62, 12


def uuid7() -> uuid.UUID:
    """Return a new id; ids of one process never go back, whatever the clock does.

    48 bits of Unix milliseconds, 12 bits of sub-millisecond (RFC 9562 §6.2 method 3), 62 random bits.
    """
    stamp = _monotonic_stamp()
    milliseconds, fraction = stamp >> COUNTER_BITS, stamp & ((1 << COUNTER_BITS) - 1)
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return uuid.UUID(int=milliseconds << 80 | VERSION << 76 | fraction << 64 | VARIANT << 62 | random)


def _monotonic_stamp() -> int:
    global _last  # noqa: PLW0603 - the one memory that keeps ids of a process in order
    now = time.time_ns()
    milliseconds, rest = divmod(now, 1_000_000)
    stamp = (milliseconds << COUNTER_BITS) | (rest * (1 << COUNTER_BITS) // 1_000_000)
    with _lock:
        _last = max(stamp, _last + 1)
        return _last
