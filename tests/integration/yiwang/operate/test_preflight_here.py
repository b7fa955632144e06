"""Pre-flight on the machine that runs the tests: it finds what we put in its way, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from yiwang.adapters.machine import ThisMachine
from yiwang.model.paths import StatePaths
from yiwang.operate.preflight import Question, Verdict, examine


def test_a_port_that_is_taken_is_named_with_whoever_holds_it() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = int(holder.getsockname()[1])
        said = ThisMachine().bind_error("127.0.0.1", port)
        assert said is not None
        assert f"pid {os.getpid()}" in said
    assert ThisMachine().bind_error("127.0.0.1", port) is None


def test_a_port_taken_on_every_address_is_found_on_ours() -> None:
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))  # noqa: S104 - the case that is tested
        holder.listen()
        port = int(holder.getsockname()[1])
        said = ThisMachine().bind_error("127.64.200.7", port)
        assert said is not None
        assert f"pid {os.getpid()}" in said


def test_looking_changes_nothing(tmp_path: Path) -> None:
    state = StatePaths(root=tmp_path / "深 层" / "state", runtime=tmp_path / "run")
    findings = {finding.check: finding for finding in examine(Question(state, ThisMachine()))}
    assert findings["state"].verdict is Verdict.PASS
    assert findings["cryptography"].verdict is Verdict.PASS
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", ["YIWANG_STATE", "XDG_STATE_HOME"])
def test_a_home_below_a_regular_file_ends_not_ready_with_the_next_command(tmp_path: Path, variable: str) -> None:
    if variable == "XDG_STATE_HOME" and os.geteuid() == 0:
        variable = "YIWANG_STATE"  # as root the state folder does not follow the home folder
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "yiwang.cli", "preflight", "--json"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, variable: str(tmp_path / "home" / "state")}, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    found = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert found["state"]["verdict"] == "fail"
    assert "Not a directory" in found["state"]["detail"]
    assert found["state"]["next"].startswith("YIWANG_STATE=")
