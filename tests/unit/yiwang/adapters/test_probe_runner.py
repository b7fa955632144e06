"""Whatever a probe does (hang, crash, print binary, lack its tool), the answer is no facts and a reason."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from yiwang.adapters.probes import database, host, service
from yiwang.adapters.probes.asking import Unanswered, program
from yiwang.adapters.probes.runner import observe


def child(code: str) -> tuple[str, ...]:
    """Return a command that stands in for the probe's process."""
    return (sys.executable, "-c", code)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit(3)", "crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)))", "no answer"),
        ("print('[]')", "no facts"),
        ("print('{\"facts\": 7}')", "no facts"),
        ("pass", "no answer"),
    ],
)
def test_a_probe_that_misbehaves_brings_no_facts(code: str, said: str) -> None:
    observed = observe("accounts", {}, 10.0, child(code))
    assert observed.facts is None
    assert said in observed.error


def test_a_hanging_probe_is_killed_with_what_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    inner = f"import time, pathlib; time.sleep(2); pathlib.Path({str(mark)!r}).touch()"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {inner!r}]); time.sleep(60)"
    observed = observe("accounts", {}, 0.7, child(code))
    assert observed.facts is None
    assert "deadline" in observed.error
    time.sleep(2.0)
    assert not mark.exists()


def test_a_real_probe_answers_through_its_own_process(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root:x:0:0::/root:/bin/sh\nguest:x:7:7::/:/bin/sh\n", encoding="utf-8")
    (tmp_path / "shadow").write_text("root:*:1::::::\nguest::1::::::\n", encoding="utf-8")
    about = {"passwd": str(tmp_path / "passwd"), "shadow": str(tmp_path / "shadow")}
    observed = observe("accounts", about, 20.0)
    assert observed.facts == {
        "accounts": [{"name": "root", "uid": 0, "hash": "locked"}, {"name": "guest", "uid": 7, "hash": "empty"}]
    }
    assert "FileNotFoundError" in observe("accounts", {"passwd": str(tmp_path / "none")}, 20.0).error


def test_an_absent_tool_binary_output_and_a_failing_program_are_unanswered(tmp_path: Path) -> None:
    for words in (["no-such-program-here"], ["sh", "-c", "printf '\\377\\376'"], ["sh", "-c", "exit 4"]):
        with pytest.raises(Unanswered):
            program(words)
    config = tmp_path / "sshd_config"
    assert "not_applicable" in host.ssh({"path": str(tmp_path), "folder": str(config)})
    config.touch()
    with pytest.raises(Unanswered, match="sshd"):
        host.ssh({"path": str(tmp_path), "folder": str(config)})


def test_secrets_and_personal_numbers_are_found_and_never_repeated(tmp_path: Path) -> None:
    secrets, logs = tmp_path / "secrets", tmp_path / "log"
    secrets.mkdir()
    logs.mkdir()
    (secrets / "db").write_text("correct-horse-battery", encoding="utf-8")
    (secrets / "db").chmod(0o600)
    (logs / "a.log").write_text(
        "pw=correct-horse-battery 11010519491231002X 110105194912310021 13800138000 1380013800099", encoding="utf-8"
    )
    found = service.secrets({"secrets": str(secrets), "searched": [str(logs)]})
    assert found["found"] == [{"file": "log/a.log", "secret": "db"}]
    assert found["readable_by_others"] == []
    assert service.people({"searched": [str(logs)]})["found"] == [{"file": "log/a.log", "citizens": 1, "mobiles": 1}]


def test_a_word_is_recognised_in_a_scram_verifier() -> None:
    # RFC 7677's example: user "user", password "pencil"
    verifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    verifier += ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    assert database.scram_is(verifier, "pencil")
    assert not database.scram_is(verifier, "pen")
