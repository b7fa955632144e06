"""Which Python runs here: what a release must have been built for before a site may install it."""

from __future__ import annotations

import platform
import sys

from yiwang.model.release import Interpreter


def running_interpreter(glibc: str | None = None) -> Interpreter:
    """Return the interpreter this code runs in; by default with the glibc it stands on."""
    if glibc is None:
        name, version = platform.libc_ver()
        glibc = version if name == "glibc" else ""
    return Interpreter(
        implementation=sys.implementation.name,
        python=f"{sys.version_info[0]}.{sys.version_info[1]}",
        arch=platform.machine(),
        glibc=glibc,
    )
