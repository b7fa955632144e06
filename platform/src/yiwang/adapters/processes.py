"""The one place of the platform that runs other programs and waits for them."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yiwang.errors import NotReady

OUTPUT_LIMIT = 20_000
DATABASE_USERS = ("postgres", "nobody")


@dataclass(frozen=True)
class Finished:
    """A program that ended. 已结束的程序。"""

    code: int
    out: str
    err: str

    def last_words(self) -> str:
        """Return the end of what it said, for an error message."""
        return (self.err.strip() or self.out.strip())[-1500:]


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    user: str | None = None,
) -> Finished:
    """Run a program to its end. Raises NotReady where it is missing or does not end within `timeout` seconds."""
    words = [*as_user(user), *argv]
    try:
        done = subprocess.run(  # noqa: S603 - callers pass program and words separately, never a shell line
            words, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=timeout,
            env=None if env is None else dict(env), cwd=cwd, input=stdin, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise NotReady(what=f"找不到程序 / no such program: {argv[0]}", next="yiwang preflight") from error
    except OSError as error:
        raise NotReady(what=f"{argv[0]}: {error.strerror}", next="yiwang preflight") from error
    except subprocess.TimeoutExpired as error:
        raise NotReady(
            what=f"{argv[0]}: {timeout:.0f} 秒内未结束 / did not end within {timeout:.0f} s", next="yiwang status"
        ) from error
    return Finished(done.returncode, done.stdout[-OUTPUT_LIMIT:], done.stderr[-OUTPUT_LIMIT:])


def as_user(user: str | None) -> list[str]:
    """Return the words that drop to a user, when we are root and one is given."""
    if user is None or os.geteuid() != 0:
        return []
    person = pwd.getpwnam(user)
    return ["setpriv", "--reuid", str(person.pw_uid), "--regid", str(person.pw_gid), "--clear-groups", "--"]


def database_user() -> str | None:
    """Return the user that PostgreSQL drops to as root, or None without root. Raises NotReady where none exists."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in DATABASE_USERS:
        if name in known:
            return name
    raise NotReady(
        what="没有可供 PostgreSQL 使用的用户 / no user for PostgreSQL to run as", next="useradd --system postgres"
    )


def runs_replaced_file(pid: int) -> bool:
    """Return whether a process runs a program that is no longer the file of that name."""
    try:
        return str(Path(f"/proc/{pid}/exe").readlink()).endswith(" (deleted)")
    except OSError:
        return False
