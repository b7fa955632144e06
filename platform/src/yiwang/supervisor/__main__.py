"""Starts a supervisor: ``python -I -S -B <this file> --folder DIR --socket PATH``; a second one for the folder is refused."""

from __future__ import annotations

import contextlib
import fcntl
import getopt
import os
import socket
import sys
import time
from pathlib import Path

if __name__ == "__main__":  # run by path, with nothing on sys.path but the standard library
    sys.path.append(str(Path(__file__).resolve().parents[2]))

from yiwang.supervisor.core import Supervisor
from yiwang.supervisor.table import TableError

EXIT_USAGE, EXIT_RUNNING, EXIT_TABLE = 2, 3, 4


LOCK_TRIES, LOCK_PAUSE = 5, 0.1


def take_lock(folder: Path) -> int | None:
    """Return the held lock's descriptor, or None where another supervisor holds it."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(LOCK_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        time.sleep(LOCK_PAUSE)  # somebody who only asks whether we run holds it for a moment, too
    else:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def options(argv: list[str]) -> dict[str, str]:
    """Return the command line's options by name. Raises getopt.GetoptError."""
    found, rest = getopt.getopt(argv, "", ["folder=", "socket=", "lock=", "listener=", "check"])
    given = {name.removeprefix("--"): value for name, value in found}
    missing = [name for name in ("folder", "socket") if name not in given]
    if rest or missing:
        raise getopt.GetoptError(f"needed: --folder DIR --socket PATH; wrong: {rest or missing}")
    return given


def main(argv: list[str]) -> int:
    """Run until stopped; return the exit code."""
    try:
        given = options(argv)
    except getopt.GetoptError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    if "check" in given:
        return 0  # this version can be loaded by this interpreter; asked before one replaces itself by it
    folder = Path(given["folder"])
    lock = int(given["lock"]) if "lock" in given else take_lock(folder)
    if lock is None:
        print(f"{folder}: another supervisor keeps this installation", file=sys.stderr)
        return EXIT_RUNNING
    os.set_inheritable(lock, False)
    listener = socket.socket(fileno=int(given["listener"])) if "listener" in given else None
    try:
        return Supervisor(folder, Path(given["socket"]), lock, listener).run()
    except TableError as error:
        print(error, file=sys.stderr)
        return EXIT_TABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
