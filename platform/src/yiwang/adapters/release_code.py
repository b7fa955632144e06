"""Asks another release's code a question, in a process of its own: two releases never meet in one interpreter."""

from __future__ import annotations

import subprocess

from yiwang.errors import Broken, NotReady

PATIENCE_SECONDS = 60.0


def ask(argv: list[str], question: str) -> str:
    """Run a command with a question on its standard input; return what it answers. Raises NotReady or Broken."""
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter and a wheel of ours, never a shell
            argv, input=question, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotReady(what=f"{argv[0]}: {error}", next="yiwang preflight") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise Broken("release-code", what=f"{argv[-1]}: {said[0]}", next="yiwang validate")
    return done.stdout
