"""One installation's PostgreSQL: its data folder, the hub's database and role, backup, and restore that is tried first."""

from __future__ import annotations

import os
import pwd
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from yiwang.adapters.files import make_folder, naming, private_file, remove_tree, write_once
from yiwang.adapters.processes import Finished, run
from yiwang.errors import NotReady, Refused
from yiwang.model.backup import TableFigures
from yiwang.model.distribution import EngineSpec

SUPERUSER = "postgres"
COMMAND_SECONDS = 120.0
START_SECONDS = 30.0
RECOVERY_SECONDS, READY_PAUSE = 120.0, 0.1
DUMP_SECONDS = 3600.0
PASSWORD_BYTES = 24
VERSION_FILE = "PG_VERSION"
SOCKET_FOLDER_MODE = 0o1770
"""Sticky: the server may add its socket beside ours, and may not remove ours."""
USER_TABLES = "SELECT count(*) FROM pg_stat_user_tables"
TABLES = (
    "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
    "AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
)
FIGURES = (
    "SET TimeZone = 'UTC'; SELECT count(*), coalesce(sum(('x' || substr(md5(r::text), 1, 16))::bit(64)::bigint::numeric), 0) "
    'FROM "{}"."{}" r'
)
SERVICE_ROLES = "SELECT rolname FROM pg_roles WHERE NOT rolcanlogin AND rolname !~ '^pg_' ORDER BY 1"


@dataclass(frozen=True)
class Postgres:
    """One installation's database server. 数据库实例。"""

    spec: EngineSpec
    engine: Path
    data: Path
    sockets: Path
    secrets: Path
    host: str
    port: int
    user: str | None
    """System user that the server runs as when we are root."""

    def binary(self, name: str) -> str:
        """Return the path of one of the engine's programs."""
        return str(self.engine / self.spec.bin / name)

    def password(self, role: str) -> str:
        """Return a role's password, made here at first."""
        name = SUPERUSER if role == SUPERUSER else f"{role}-database"
        return write_once(self.secrets / name, lambda: secrets.token_urlsafe(PASSWORD_BYTES))

    # The data folder ------------------------------------------------------------------------------------------------

    def initialise(self) -> bool:
        """Make the data folder, whole or not at all; return whether it was new. Raises NotReady, Refused."""
        self.socket_folder()
        if self._present():
            return False
        make_folder(self.data.parent)
        aside = self.data.with_name(f".{self.data.name}.new")
        remove_tree(aside)
        self._own(make_folder(aside, mode=0o700))
        password = private_file(self.data.with_name(f".{self.data.name}.pw"), self.password(SUPERUSER))
        try:
            self._own(password)
            words = [self.binary("initdb"), "-D", str(aside), "-U", SUPERUSER, f"--pwfile={password}"]
            done = self.call([*words, *self.spec.initialise])
        finally:
            password.unlink()
        if done.code != 0:
            remove_tree(aside)
            raise NotReady(what=f"initdb: {done.last_words()}", next="df -h; yiwang preflight")
        with naming(self.data):
            aside.rename(self.data)
        return True

    def _present(self) -> bool:
        """Whether there is a data folder of this major. Raises what keeps us from touching it."""
        try:
            found = (self.data / VERSION_FILE).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            if self.data.is_dir() and any(self.data.iterdir()):
                raise NotReady(
                    what=f"{self.data} 不是完整的数据目录，未作改动 / is no whole data folder; nothing was touched",
                    next=f"yiwang restore SITE --from BACKUP, or move it away: mv '{self.data}' '{self.data}.damaged'",
                ) from None
            return False
        major = self.spec.version.partition(".")[0]
        if found != major:
            raise Refused(
                rule=f"{self.data} 属于 PostgreSQL {found} / belongs to PostgreSQL {found}, the engine is {major}: "
                "a major upgrade is a required stop with a verified backup",
                who="不可越过 / nobody may override", next="yiwang backup SITE",
            )  # fmt: skip
        return True

    def socket_folder(self) -> Path:
        """Make the short folder for sockets, in which the server may add its own."""
        return socket_folder(self.sockets, self.user)

    def _own(self, path: Path) -> Path:
        if self.user is not None and os.geteuid() == 0:
            person = pwd.getpwnam(self.user)
            os.chown(path, person.pw_uid, person.pw_gid)
        return path

    # Roles and databases --------------------------------------------------------------------------------------------

    def provide(self, database: str, role: str) -> bool:
        """Make the role that logs in, able to make service roles, and its database; return whether anything was new."""
        self.await_ready()
        password = self.password(role)
        verb = "ALTER" if self._has(f"pg_roles WHERE rolname = '{role}'") else "CREATE"
        changed = verb == "CREATE" or not self._logs_in(role)
        if changed:
            self.sql(f"{verb} ROLE {role} LOGIN CREATEROLE PASSWORD '{password}'")
        if not self._has(f"pg_database WHERE datname = '{database}'"):
            self.sql(f"CREATE DATABASE {database} OWNER {role}")
            changed = True
        return changed

    def _has(self, what: str) -> bool:
        return bool(self.sql(f"SELECT 1 FROM {what}"))  # noqa: S608 - names from the definition

    def _logs_in(self, role: str) -> bool:
        """Whether a role's password is the one that we keep; a lost secret was made anew."""
        return self._psql("SELECT 1", SUPERUSER, role).code == 0

    def sql(self, statement: str, database: str = SUPERUSER) -> str:
        """Run statements as the superuser; return their output. Raises NotReady."""
        done = self._psql(statement, database, SUPERUSER)
        if done.code != 0:
            raise NotReady(what=f"PostgreSQL {self.host}:{self.port}: {done.last_words()}", next="yiwang status")
        return done.out.strip()

    def _psql(self, statement: str, database: str, role: str) -> Finished:
        """Hand statements to psql on its standard input: a command line would show a password to everyone."""
        words = [self.binary("psql"), *self._connection(role), "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1"]
        return run(words, timeout=COMMAND_SECONDS, env=self._environment(role), cwd=Path("/"), stdin=statement)

    def ready(self) -> bool:
        """Return whether the server accepts connections."""
        return self.call([self.binary("pg_isready"), "-h", self.host, "-p", str(self.port), "-q"]).code == 0

    def await_ready(self, seconds: float = RECOVERY_SECONDS) -> None:
        """Wait until the server takes queries: after a crash it listens long before it has recovered. Raises NotReady."""
        deadline = time.monotonic() + seconds
        while not self.ready():
            if time.monotonic() > deadline:
                raise NotReady(
                    what=f"PostgreSQL {self.host}:{self.port}: {seconds:.0f} 秒内未就绪 / is not ready",
                    next="yiwang status",
                )
            time.sleep(READY_PAUSE)

    # Backup and restore ---------------------------------------------------------------------------------------------

    def service_roles(self) -> tuple[str, ...]:
        """Return the roles that own nothing but are named by a dump: a restore needs them first."""
        return tuple(self.sql(SERVICE_ROLES).split())

    def dump(self, database: str, target: Path) -> None:
        """Write a consistent copy of a database in PostgreSQL's own archive format, whole or not at all. Raises NotReady."""
        self.await_ready()
        aside = private_file(target.with_name(f".{target.name}.new"))
        words = [self.binary("pg_dump"), *self._connection(), "-Fc", "-f", str(aside), database]
        done = run(words, timeout=DUMP_SECONDS, env=self._environment())
        if done.code != 0:
            aside.unlink(missing_ok=True)
            raise NotReady(what=f"pg_dump: {done.last_words()}", next="df -h; yiwang status")
        with naming(target):
            aside.replace(target)

    def restore(self, source: Path, database: str, owner: str, *, roles: tuple[str, ...] = ()) -> None:
        """Replace a database by a dump's content; until the whole dump is in, the old one stays. Raises NotReady."""
        self.await_ready()
        aside, before = f"{database}_restored", f"{database}_before"
        self._make_roles(roles, owner)
        self.sql(f"DROP DATABASE IF EXISTS {aside} WITH (FORCE)")
        self.sql(f"CREATE DATABASE {aside} OWNER {owner}")
        words = [self.binary("pg_restore"), *self._connection(), "-d", aside, "--exit-on-error", str(source)]
        done = run(words, timeout=DUMP_SECONDS, env=self._environment())
        if done.code != 0:
            self.sql(f"DROP DATABASE IF EXISTS {aside} WITH (FORCE)")
            raise NotReady(what=f"pg_restore: {done.last_words()}", next="df -h; yiwang restore SITE --from BACKUP")
        self.sql(f"DROP DATABASE IF EXISTS {before} WITH (FORCE)")
        if self._has(f"pg_database WHERE datname = '{database}'"):
            # No new connection in between: the hub reconnects within milliseconds.
            self.sql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
            self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")  # noqa: S608
            self.sql(f"ALTER DATABASE {database} RENAME TO {before}")
        self.sql(f"ALTER DATABASE {aside} RENAME TO {database}")
        self.sql(f"DROP DATABASE IF EXISTS {before} WITH (FORCE)")

    def _make_roles(self, roles: tuple[str, ...], owner: str) -> None:
        """Make missing service roles as the owner's migrations would have made them."""
        for role in roles:
            if not self._has(f"pg_roles WHERE rolname = '{role}'"):
                self.sql(f'SET ROLE {owner}; CREATE ROLE "{role}" NOLOGIN; GRANT "{role}" TO {owner}')

    def try_out(self, source: Path, database: str, owner: str, *, roles: tuple[str, ...], port: int) -> int:
        """Restore a dump into a server of its own on another port; return how many tables it has. Raises NotReady."""
        with self.trial(source, database, owner, roles=roles, port=port) as scratch:
            return int(scratch.sql(USER_TABLES, database))

    @contextmanager
    def trial(
        self, source: Path, database: str, owner: str, *, roles: tuple[str, ...], port: int
    ) -> Iterator[Postgres]:
        """Restore a dump into a scratch server beside the data folder, and yield that server. Raises NotReady.

        A backup that was never restored is a hope.
        """
        with self._scratch(port) as scratch:
            scratch.provide(database, owner)
            scratch.restore(source, database, owner, roles=roles)
            yield scratch

    def figures(self, database: str) -> dict[str, TableFigures]:
        """Return row count and row hash of every table, by `schema.table`. Raises NotReady."""
        found = {}
        for name in self.sql(TABLES, database).split():
            schema, _, table = name.partition(".")
            rows, total = self.sql(FIGURES.format(schema, table), database).split("|")
            found[name] = TableFigures(rows=int(rows), hash=total)
        return found

    def size(self, database: str) -> int:
        """Return how many bytes a database takes on disk."""
        return int(self.sql(f"SELECT pg_database_size('{database}')"))

    @contextmanager
    def _scratch(self, port: int) -> Iterator[Postgres]:
        """Run a server without durability beside ours, gone afterwards."""
        home = self.data.with_name(f".{self.data.name}.trial")
        remove_tree(home)
        self._own(make_folder(home))
        scratch = replace(self, data=home / "pg", secrets=home / "secrets", sockets=home, port=port)
        pg_ctl = [self.binary("pg_ctl"), "-D", str(scratch.data), "-w", "-t", f"{START_SECONDS:.0f}"]
        options = f"-h {self.host} -p {port} -c unix_socket_directories='' -c fsync=off -c shared_buffers=16MB"
        try:
            scratch.initialise()
            log = self._own(private_file(home / "log"))
            started = self.call([*pg_ctl, "-l", str(log), "-o", options, "start"])
            if started.code != 0:
                words = log.read_text(encoding="utf-8", errors="replace").strip()
                raise NotReady(what=f"pg_ctl: {words[-800:] or started.last_words()}", next="yiwang preflight")
            yield scratch
        finally:
            if (scratch.data / "postmaster.pid").is_file():
                self.call([*pg_ctl, "-m", "fast", "stop"])
            remove_tree(home)

    # Running the engine's programs ----------------------------------------------------------------------------------

    def _connection(self, role: str = SUPERUSER) -> list[str]:
        return ["-h", self.host, "-p", str(self.port), "-U", role]

    def _environment(self, role: str = SUPERUSER) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"PGPASSWORD": self.password(role), "PGCONNECT_TIMEOUT": "5", "LC_ALL": "C.UTF-8", "PATH": path}

    def call(self, words: list[str]) -> Finished:
        """Run one of the engine's programs as the server's user."""
        return run(words, timeout=COMMAND_SECONDS, env=self._environment(), cwd=Path("/"), user=self.user)


def socket_folder(path: Path, user: str | None) -> Path:
    """Make a short folder for sockets: the database's user may add to it, and may not remove what others put there."""
    folder = make_folder(path)
    if user is not None and os.geteuid() == 0:
        with naming(folder):
            os.chown(folder, 0, pwd.getpwnam(user).pw_gid)
            folder.chmod(SOCKET_FOLDER_MODE)
    return folder
