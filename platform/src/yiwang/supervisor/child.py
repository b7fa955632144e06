"""One child: spawned so that it dies with us, watched until it is ready, stopped by its own signal."""

from __future__ import annotations

import contextlib
import http.client
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from yiwang.supervisor.table import Entry

BACKOFF_FIRST, BACKOFF_MOST = 0.1, 2.0
STABLE_SECONDS = 10.0
LOG_LIMIT = 16 * 1024 * 1024
TCP_SECONDS, HTTP_SECONDS = 0.2, 1.0
PROBE_EVERY = 0.1
HTTP_GOOD = range(200, 300)
CLEAN_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Child:
    """A process of the table and its state. 子进程。"""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.pid: int | None = None
        self.ready = False
        self.restarts = 0
        self.last_exit: int | None = None
        self.started = 0.0
        self.not_before = 0.0
        self.kill_at: float | None = None
        self._backoff = BACKOFF_FIRST
        self._probed = 0.0

    @property
    def state(self) -> str:
        """Return one word for a person."""
        if self.pid is None:
            return "waiting" if self.restarts == 0 else "restarting"
        if self.kill_at is not None:
            return "stopping"
        return "ready" if self.ready else "starting"

    def spawn(self, now: float) -> None:
        """Start the process; a command that cannot be started counts as one that ended at once."""
        self.ready, self.kill_at, self.started = False, None, now
        try:
            with open_log(Path(self.entry.log)) as log:
                process = subprocess.Popen(  # noqa: S603 - the table is written by this site's own agent
                    command(self.entry), cwd=self.entry.cwd, env=environment(self.entry), stdin=subprocess.DEVNULL,
                    stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            note(self.entry, f"cannot start: {error}")
            self._end(127, now)
            return
        self.pid = process.pid
        process.returncode = 0  # we reap by pid, so that a supervisor that replaced itself can reap them, too

    def adopt(self, pid: int, now: float, *, ready: bool) -> None:
        """Take over a process that we spawned before we replaced ourselves."""
        self.pid, self.ready, self.started = pid, ready, now

    def reap(self, now: float) -> bool:
        """Return whether the process ended just now."""
        if self.pid is None:
            return False
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            pid, status = self.pid, 0
        if pid == 0:
            return False
        self._end(os.waitstatus_to_exitcode(status), now)
        return True

    def _end(self, code: int, now: float) -> None:
        stopping = self.kill_at is not None
        if now - self.started > STABLE_SECONDS:
            self._backoff = BACKOFF_FIRST
        self.not_before = now + self._backoff
        self._backoff = min(self._backoff * 2, BACKOFF_MOST)
        self.pid, self.ready, self.last_exit, self.kill_at = None, False, code, None
        if not stopping:
            self.restarts += 1
            note(self.entry, f"ended with {code}; restart {self.restarts}")

    def probe(self, now: float) -> None:
        """Find out whether the process is ready, at most every PROBE_EVERY seconds."""
        if self.pid is None or self.ready or now - self._probed < PROBE_EVERY:
            return
        self._probed = now
        self.ready = answers(dict(self.entry.ready))

    def stop(self, now: float) -> None:
        """Ask the process to end; it is killed after its own time."""
        if self.pid is None or self.kill_at is not None:
            return
        self.kill_at = now + self.entry.stop_seconds
        self.ready = False
        self.signal(getattr(signal, f"SIG{self.entry.stop_signal}"))

    def enforce(self, now: float) -> None:
        """Kill a process that did not end in its time, with everything that it spawned."""
        if self.pid is not None and self.kill_at is not None and now > self.kill_at:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.kill_at = now + 1.0

    def signal(self, number: int) -> None:
        """Send a signal to the process itself."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def describe(self) -> dict[str, object]:
        """Return what status shows."""
        since = round(time.monotonic() - self.started, 1) if self.pid else None
        return {"name": self.entry.name, "pid": self.pid, "state": self.state, "seconds": since,
                "restarts": self.restarts, "last_exit": self.last_exit}  # fmt: skip


def command(entry: Entry) -> list[str]:
    """Return the command line, wrapped so that the process dies with its supervisor and drops to its user."""
    wrapper = ["setpriv", "--no-new-privs", "--pdeathsig", entry.stop_signal]
    if entry.user and os.geteuid() == 0:
        person = pwd.getpwnam(entry.user)
        wrapper += ["--reuid", str(person.pw_uid), "--regid", str(person.pw_gid), "--clear-groups"]
    return [*wrapper, "--", *entry.argv]


def environment(entry: Entry) -> dict[str, str]:
    """Return a small environment: what the system needs to say, and what the table says."""
    kept = {name: os.environ[name] for name in CLEAN_ENVIRONMENT if name in os.environ}
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **kept, **dict(entry.env)}


def answers(ready: dict[str, object]) -> bool:
    """Return whether a ready check holds now."""
    kind = ready["kind"]
    if kind == "none":
        return True
    try:
        if kind == "tcp":
            with socket.create_connection((str(ready["host"]), int(str(ready["port"]))), TCP_SECONDS):
                return True
        return http_good(str(ready["url"]))
    except (OSError, http.client.HTTPException):
        return False


def http_good(url: str) -> bool:
    """Return whether a GET answers with 2xx."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=HTTP_SECONDS)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status in HTTP_GOOD
    finally:
        connection.close()


def open_log(path: Path) -> contextlib.AbstractContextManager[object]:
    """Open a log for appending; its folder is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def note(entry: Entry, text: str) -> None:
    """Write a line of ours into the child's log."""
    with contextlib.suppress(OSError), Path(entry.log).open("a", encoding="utf-8") as log:
        log.write(f"supervisor {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {entry.name}: {text}\n")


def rotate(path: Path) -> None:
    """Copy a log that grew too large aside and empty it; the child keeps its file and appends from the start."""
    try:
        if path.stat().st_size > LOG_LIMIT:
            shutil.copyfile(path, path.with_suffix(path.suffix + ".1"))
            os.truncate(path, 0)
    except OSError:
        return  # a full disk must not end the supervisor
