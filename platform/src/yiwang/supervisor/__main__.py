"""Starts a supervisor: ``python -I -S -B <this file> --folder DIR --socket PATH``; a second one for the folder is refused."""

from __future__ import annotations

import argparse
import fcntl
import os
import socket
import sys
from pathlib import Path

if __name__ == "__main__":  # run by path, with nothing on sys.path but the standard library
    sys.path.append(str(Path(__file__).resolve().parents[2]))

from yiwang.supervisor.core import Supervisor
from yiwang.supervisor.table import TableError

EXIT_RUNNING, EXIT_TABLE = 3, 4


def take_lock(folder: Path) -> int | None:
    """Return the held lock's descriptor, or None where another supervisor holds it."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def listen(path: Path) -> socket.socket:
    """Return a listening unix socket that only this user may use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(old)
    listener.listen(8)
    return listener


def main(argv: list[str]) -> int:
    """Run until stopped; return the exit code."""
    parser = argparse.ArgumentParser(prog="supervisor", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--lock", type=int, help="descriptor of the lock, when replacing ourselves")
    parser.add_argument("--listener", type=int, help="descriptor of the socket, when replacing ourselves")
    arguments = parser.parse_args(argv)
    lock = arguments.lock if arguments.lock is not None else take_lock(arguments.folder)
    if lock is None:
        print(f"{arguments.folder}: another supervisor keeps this installation", file=sys.stderr)
        return EXIT_RUNNING
    listener = socket.socket(fileno=arguments.listener) if arguments.listener is not None else listen(arguments.socket)
    for descriptor in (lock, listener.fileno()):
        os.set_inheritable(descriptor, False)
    try:
        return Supervisor(arguments.folder, listener, lock).run()
    except TableError as error:
        print(error, file=sys.stderr)
        return EXIT_TABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
