"""A supervisor keeps what its table names, in order, through kills, and leaves nothing behind when it stops."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from yiwang.supervisor import record
from yiwang.supervisor.client import SupervisorClient, SupervisorError, script_of

SERVER = """
import socketserver, sys
socketserver.TCPServer.allow_reuse_address = True
class Answer(socketserver.BaseRequestHandler):
    def handle(self): pass
socketserver.TCPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def process(home: Path, name: str, **more: Any) -> dict[str, Any]:
    port = free_port()
    return {
        "name": name, "argv": [sys.executable, "-I", "-c", SERVER, str(port)], "cwd": str(home), "stop_seconds": 3,
        "ready": {"kind": "tcp", "host": "127.0.0.1", "port": port}, "log": str(home / f"{name}.log"), **more,
    }  # fmt: skip


Write = Callable[..., SupervisorClient]


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Write]:
    home = tmp_path / "带空格 的目录"
    home.mkdir()
    client = SupervisorClient(home / "supervisor", Path(f"/tmp/yw-test-{os.getpid()}.sock"))  # noqa: S108

    def write(*processes: dict[str, Any]) -> SupervisorClient:
        client.folder.mkdir(exist_ok=True)
        client.table.write_text(json.dumps({"schema": 1, "processes": processes}), encoding="utf-8")
        return client

    write.home = home  # type: ignore[attr-defined]
    yield write
    if client.running():
        client.stop()


def home_of(supervised: Write) -> Path:
    return supervised.home  # type: ignore[attr-defined,no-any-return]


def pids(client: SupervisorClient) -> dict[str, int]:
    return {p["name"]: p["pid"] for p in client.ask("status")["processes"]}


def alive(pid: int) -> bool:
    return record.start_ticks(pid) is not None


def ticks_used(pid: int) -> int:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


def test_processes_start_in_order_and_are_back_within_five_seconds_of_a_kill(supervised: Write) -> None:
    home = home_of(supervised)
    client = supervised(process(home, "first"), process(home, "second", after=["first"]))
    assert client.start(sys.executable)
    assert client.wait_ready(timeout=20) == []
    for name in ("first", "second"):
        before = pids(client)[name]
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while pids(client)[name] in (before, None) or client.wait_ready(timeout=0):
            assert time.monotonic() < deadline, f"{name} is not back"
            time.sleep(0.05)


def test_a_second_supervisor_is_refused(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    assert client.start(sys.executable)
    assert not client.start(sys.executable)


def test_children_die_with_a_killed_supervisor_and_the_next_one_starts_them_again(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    child, keeper = pids(client)["only"], client.ask("status")["pid"]
    os.kill(keeper, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while alive(child):
        assert time.monotonic() < deadline, "the child outlived its supervisor"
        time.sleep(0.05)
    assert client.start(sys.executable)
    assert client.wait_ready(timeout=20) == []


def test_applying_a_table_touches_only_what_changed(supervised: Write) -> None:
    home = home_of(supervised)
    kept, changing = process(home, "kept"), process(home, "changing")
    client = supervised(kept, changing)
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    before = pids(client)
    supervised(kept, {**changing, "env": {"NEW": "1"}})
    assert client.ask("apply")["changed"] == ["changing"]
    time.sleep(0.3)
    assert client.wait_ready(timeout=20) == []
    after = pids(client)
    assert after["kept"] == before["kept"]
    assert after["changing"] != before["changing"]
    assert client.ask("apply")["changed"] == []


def test_a_broken_table_is_refused_and_the_old_one_goes_on(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    client.table.write_text("{", encoding="utf-8")
    with pytest.raises(SupervisorError, match="not applied"):
        client.ask("apply")
    assert client.wait_ready(timeout=5) == []


def test_an_upgrade_in_place_keeps_the_pid_and_the_children(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    before = client.ask("status")
    client.upgrade(sys.executable)
    assert not client.renew(sys.executable)
    after = client.ask("status")
    assert (after["pid"], after["processes"][0]["pid"]) == (before["pid"], before["processes"][0]["pid"])


def test_an_upgrade_to_something_that_does_not_start_is_refused_and_the_old_version_goes_on(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    before = pids(client)
    broken = home_of(supervised) / "broken.py"
    broken.write_text("raise RuntimeError('no good')", encoding="utf-8")
    with pytest.raises(SupervisorError, match="no good"):
        client.upgrade(sys.executable, broken)
    assert pids(client) == before


def test_a_table_that_changed_before_an_upgrade_is_what_runs_after_it(supervised: Write) -> None:
    home = home_of(supervised)
    kept, going = process(home, "kept"), process(home, "going")
    client = supervised(kept, going)
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    before = pids(client)
    supervised(kept)
    client.upgrade(sys.executable)
    assert pids(client) == {"kept": before["kept"]}
    deadline = time.monotonic() + 5
    while alive(before["going"]):
        assert time.monotonic() < deadline, "what left the table runs on"
        time.sleep(0.05)


STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"


def test_what_outlived_a_killed_supervisor_is_ended_before_anything_starts(supervised: Write) -> None:
    home = home_of(supervised)
    stubborn = {**process(home, "stubborn"), "argv": [sys.executable, "-I", "-c", STUBBORN], "ready": {"kind": "none"}}
    client = supervised(stubborn)
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    time.sleep(0.3)
    left, keeper = pids(client)["stubborn"], client.ask("status")["pid"]
    os.kill(keeper, signal.SIGKILL)
    time.sleep(0.3)
    assert alive(left)
    client.start(sys.executable)
    assert not alive(left)
    assert client.wait_ready(timeout=20) == []


def test_a_foreign_process_that_got_an_old_pid_is_left_alone(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    with subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"]) as foreign:
        item = {
            "name": "only",
            "pid": foreign.pid,
            "ticks": 1,
            "signal": "TERM",
            "entry": "",
            "ready": True,
            "leaving": False,
        }
        record.write(client.folder, [item])
        client.start(sys.executable)
        assert client.wait_ready(timeout=20) == []
        assert alive(foreign.pid)
        foreign.kill()


def test_a_command_that_cannot_start_does_not_disturb_the_others(supervised: Write) -> None:
    home = home_of(supervised)
    client = supervised({**process(home, "missing"), "argv": ["/nonexistent/程序"]}, process(home, "fine"))
    client.start(sys.executable)
    time.sleep(1.0)
    states = {p["name"]: p for p in client.ask("status")["processes"]}
    assert states["fine"]["state"] == "ready"
    assert states["missing"]["restarts"] > 0


def test_an_idle_supervisor_is_small_and_quiet(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    keeper = client.ask("status")["pid"]
    before = ticks_used(keeper)
    time.sleep(3.0)
    assert ticks_used(keeper) - before <= 3
    lines = Path(f"/proc/{keeper}/smaps_rollup").read_text().splitlines()
    assert next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) <= 12 * 1024


def test_a_client_that_says_nothing_or_nonsense_does_not_stop_the_work(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    for said in (b"", b"\xff\n", b"[" * 60_000 + b"\n", b'{"command": "format"}\n'):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(client.socket_path))
            rude.sendall(said)
            rude.settimeout(3)
            rude.recv(4096)
    assert client.wait_ready(timeout=5) == []


def test_two_starts_at_the_same_moment_leave_one_supervisor(supervised: Write) -> None:
    client = supervised(process(home_of(supervised), "only"))
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: client.start(sys.executable), range(4)))
    assert started.count(True) == 1
    assert client.wait_ready(timeout=20) == []


def test_a_supervisor_runs_from_the_environment_of_its_interpreter_so_that_it_outlives_a_checkout(
    tmp_path: Path,
) -> None:
    script = tmp_path / "env/lib/python3.11/site-packages/yiwang/supervisor/__main__.py"
    script.parent.mkdir(parents=True)
    script.touch()
    assert script_of(str(tmp_path / "env/bin/python")) == script
    assert script_of("/nowhere/bin/python").is_file()


def test_stopping_leaves_nothing_running(supervised: Write) -> None:
    home = home_of(supervised)
    client = supervised(process(home, "first"), process(home, "second", after=["first"]))
    client.start(sys.executable)
    client.wait_ready(timeout=20)
    running = pids(client)
    assert client.stop()
    assert not any(Path(f"/proc/{pid}").exists() for pid in running.values())
    assert not client.running()
    assert not client.socket_path.exists()
