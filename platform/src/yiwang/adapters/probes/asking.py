"""How probes ask the machine: small programs with a deadline, text that must be text, and one HTTP question."""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Mapping, Sequence

PROGRAM_SECONDS = 15.0
HTTP_SECONDS = 5.0


class Unanswered(Exception):
    """A probe could not look: the tool is missing, said nothing usable, or failed. 无法探测。"""


def program(
    words: Sequence[str], *, stdin: str = "", env: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)
) -> str:
    """Run a program and return its text. Raises Unanswered where it is absent, late, fails, or prints no text."""
    try:
        done = subprocess.run(  # noqa: S603 - words from the definition, never a shell line
            list(words), input=stdin.encode(), capture_output=True, timeout=PROGRAM_SECONDS, check=False,
            env=None if env is None else dict(env),
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Unanswered(f"没有程序 / no such program: {words[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise Unanswered(f"{words[0]}: 超时 / did not end in time") from error
    if done.returncode not in codes:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()[-300:]
        raise Unanswered(f"{words[0]}: {done.returncode} {said}")
    try:
        return done.stdout.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unanswered(f"{words[0]}: 输出不是文本 / printed binary") from error


def http_status(
    host: str, port: int, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, bytes]:
    """Ask one HTTP question; return status and the beginning of the body. Raises OSError, Unanswered."""
    connection = http.client.HTTPConnection(host, port, timeout=HTTP_SECONDS)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(4_000_000)
    except http.client.HTTPException as error:
        raise Unanswered(f"{method} {path}: {type(error).__name__}") from error
    finally:
        connection.close()
