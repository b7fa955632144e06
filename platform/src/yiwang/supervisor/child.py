"""One child: spawned so that it dies with us, watched until it is ready, stopped by its own signal."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import time
from pathlib import Path

from yiwang.supervisor.logs import note, open_log
from yiwang.supervisor.ready import answers
from yiwang.supervisor.record import start_ticks
from yiwang.supervisor.table import Entry

BACKOFF_FIRST, BACKOFF_MOST = 0.1, 2.0
STABLE_SECONDS = 10.0
PROBE_EVERY, PROBE_LATE = 0.1, 1.0
PROBE_LATE_AFTER = 15.0
CLEAN_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Child:
    """A process of the table and its state. 子进程。"""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.pid: int | None = None
        self.ticks: int | None = None
        """When the kernel says it started: with the pid it names one process for ever."""
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
        except (OSError, KeyError, ValueError) as error:  # no such program, folder, user; a NUL in a word
            note(self.entry, f"cannot start: {error}")
            self._end(127, now)
            return
        self.pid, self.ticks = process.pid, start_ticks(process.pid)
        process.returncode = 0  # we reap by pid, so that a supervisor that replaced itself can reap them, too

    def adopt(self, pid: int, now: float, *, ready: bool) -> None:
        """Take over a process that we spawned before we replaced ourselves."""
        self.pid, self.ticks, self.ready, self.started = pid, start_ticks(pid), ready, now

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
        """Find out whether the process is ready, less often when it takes long."""
        pause = PROBE_EVERY if now - self.started < PROBE_LATE_AFTER else PROBE_LATE
        if self.pid is None or self.ready or self.kill_at is not None or now - self._probed < pause:
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

    def reload(self) -> None:
        """Ask the process to read its configuration again."""
        self.signal(signal.SIGHUP)

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
