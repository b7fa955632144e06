"""Keeps what a hub gave back from staying with the allocator: a county's machine has little, and three hubs share one.

One password check needs 16 MiB for a moment. glibc learns from the first of them to keep such blocks on the heap, where
they stay for good (measured: 16 MiB a process); a fixed threshold sends them back to the kernel each time.
"""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h
LARGE_BLOCK = 1024 * 1024
ARENAS = 2


def give_back() -> bool:
    """Set glibc's allocator for a long-lived small process; False where there is no such allocator."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return False
    wanted = ((M_MMAP_THRESHOLD, LARGE_BLOCK), (M_TRIM_THRESHOLD, LARGE_BLOCK), (M_ARENA_MAX, ARENAS))
    return all(set_option(option, value) == 1 for option, value in wanted)
