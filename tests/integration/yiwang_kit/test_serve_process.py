"""The process itself: what `serve` does with good and bad settings, and that it ends when told."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.kit_lab import settings_of
from support.postgres import Server
from yiwang_kit import serve

SERVE = [sys.executable, "-m", "yiwang_kit.serve"]
START_SECONDS = 60.0


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_settings(folder: Path, server: Server, database: str, **changes: Any) -> Path:
    """Write settings that reach the test's database over its socket."""
    port = free_port()
    (folder / "password").write_text("unused", encoding="utf-8")
    content = settings_of().model_dump(mode="json", by_alias=True)
    content |= {
        "listen": {"host": "127.0.0.1", "port": port}, "public_url": f"http://127.0.0.1:{port}",
        "database": {"host": str(server.home), "port": 5432, "name": database, "user": "hub",
                     "password_file": str(folder / "password")},
        **changes,
    }  # fmt: skip
    path = folder / "settings.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def settings_file(tmp_path: Path, postgres: Server) -> Iterator[Path]:
    """Settings of a hub over an empty database."""
    name = postgres.create()
    yield write_settings(tmp_path, postgres, name)
    postgres.drop(name)


@dataclass
class Done:
    """How a role ended."""

    code: int
    out: str
    error: str


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a role to its end, in this process."""

    def role(*words: str) -> Done:
        try:
            code = serve.main(["serve", *words])
        except SystemExit as left:
            code = int(str(left.code))
        return Done(code, *capfd.readouterr())

    return role


def wait_until_answering(process: subprocess.Popen[str], url: str) -> httpx.Response:
    """Return the first answer."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            return httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the hub does not answer")


def test_a_hub_migrates_serves_and_ends_when_told(settings_file: Path, run: Callable[..., Done]) -> None:
    migrated = run("migrate", "--settings", str(settings_file))
    assert "yiwang_kit:0001_session" in json.loads(migrated.out)["applied"]
    assert json.loads(run("migrate", "--settings", str(settings_file)).out) == {"applied": []}
    url = json.loads(settings_file.read_text())["public_url"]
    words = [*SERVE, "all", "--settings", str(settings_file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert wait_until_answering(process, f"{url}/readyz").status_code == 200
            assert httpx.get(f"{url}/version", trust_env=False).json()["pid"] == process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            out, error = process.communicate(timeout=20)
    assert process.returncode == 0, error
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert events[0]["event"] == "started"
    assert events[0]["pid"] == process.pid
    assert events[-1]["event"] == "stopped"


def test_a_hub_over_an_empty_database_says_so_and_a_kill_keeps_no_next_start_away(settings_file: Path) -> None:
    url = json.loads(settings_file.read_text())["public_url"]
    for _ in range(2):
        with subprocess.Popen([*SERVE, "all", "--settings", str(settings_file)], stdout=subprocess.DEVNULL) as process:
            try:
                answer = wait_until_answering(process, f"{url}/readyz")
            finally:
                process.kill()
        assert answer.status_code == 503
        assert "serve migrate" in answer.json()["reasons"][0]


def test_a_port_that_is_taken_is_named(settings_file: Path, run: Callable[..., Done]) -> None:
    listen = json.loads(settings_file.read_text())["listen"]
    with socket.create_server((listen["host"], listen["port"])):
        done = run("all", "--settings", str(settings_file))
    assert done.code == 4
    assert f"{listen['host']}:{listen['port']}" in done.error
    assert "Next: yiwang preflight" in done.error


def test_a_database_that_is_away_is_named_when_migrating(tmp_path: Path, run: Callable[..., Done]) -> None:
    (tmp_path / "password").write_text("x", encoding="utf-8")
    content = settings_of().model_dump(mode="json", by_alias=True)
    content["database"] |= {"host": str(tmp_path), "password_file": str(tmp_path / "password")}
    (tmp_path / "settings.json").write_text(json.dumps(content), encoding="utf-8")
    done = run("migrate", "--settings", str(tmp_path / "settings.json"))
    assert done.code == 4
    assert "Next: yiwang status" in done.error


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["all", "--settings", "/nonexistent/settings.json"], 4, "No such file"),
        (["dance", "--settings", "{}"], 2, "no such role: dance"),
        (["nobody:knows", "--settings", "{}"], 2, "no such service here: nobody"),
        (["management:dance", "--settings", "{}"], 2, "no such command: management:dance"),
        (["all"], 2, "--settings"),
        ([], 2, "role"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(
    settings_file: Path, words: list[str], code: int, said: str, run: Callable[..., Done]
) -> None:
    content = json.loads(settings_file.read_text())
    settings_file.write_text(json.dumps(content | {"services": ["management"]}), encoding="utf-8")
    done = run(*[str(settings_file) if word == "{}" else word for word in words])
    assert done.code == code
    assert said in done.error
