"""Pre-flight on made-up machines: each thing that can be wrong is found, named, and ends with a command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yiwang.model.paths import StatePaths
from yiwang.operate.preflight import GIB, MIB, Finding, Question, Verdict, examine


@dataclass(frozen=True)
class Machine:
    """A machine that is as it is told to be."""

    version: tuple[int, int] = (3, 11)
    name: str = "Linux x86_64"
    libc: tuple[int, ...] = (2, 36)
    root: bool = False
    users: tuple[str, ...] = ("postgres",)
    setpriv: str | None = "/usr/bin/setpriv"
    moment: datetime = datetime(2026, 11, 23, tzinfo=UTC)
    newest: datetime | None = None
    memory: int = 4 * GIB
    disk: tuple[int, int] = (20 * GIB, 1_000_000)
    unwritable: str | None = None
    closed: Path | None = None
    taken: str | None = None

    def python(self) -> tuple[int, int]:
        return self.version

    def system(self) -> str:
        return self.name

    def glibc(self) -> tuple[int, ...]:
        return self.libc

    def is_root(self) -> bool:
        return self.root

    def database_users(self) -> tuple[str, ...]:
        return self.users

    def program(self, name: str) -> str | None:
        return self.setpriv

    def now(self) -> datetime:
        return self.moment

    def modified(self, paths: Iterable[Path]) -> datetime | None:
        return self.newest

    def memory_available(self) -> int:
        return self.memory

    def disk_free(self, path: Path) -> tuple[int, int]:
        return self.disk

    def write_error(self, path: Path) -> str | None:
        return self.unwritable

    def closed_to(self, path: Path, user: str) -> Path | None:
        return self.closed

    def bind_error(self, address: str, port: int) -> str | None:
        return self.taken


STATE = StatePaths(root=Path("/home/区/我的 状态"), runtime=Path("/run/yw-12345678"))
ASKED = Question(STATE, Machine(), {"control": "127.64.0.2", "440000": "127.64.0.3"}, release="2026.11.0")


def find(check: str, asked: Question) -> Finding:
    return next(finding for finding in examine(asked) if finding.check == check)


def on(machine: Machine) -> Question:
    return replace(ASKED, around=machine)


def test_a_fit_machine_passes_everything_and_says_why_something_is_not_applicable() -> None:
    findings = examine(ASKED)
    assert {finding.verdict for finding in findings} == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert [finding.check for finding in findings if finding.verdict is Verdict.NOT_APPLICABLE] == ["user"]
    assert all(finding.detail and not finding.next for finding in findings)


@pytest.mark.parametrize(
    ("check", "machine", "said"),
    [
        ("python", Machine(version=(3, 10)), "3.10"),
        ("system", Machine(name="Darwin arm64"), "Darwin"),
        ("system", Machine(libc=()), "glibc"),
        ("system", Machine(libc=(2, 17)), "2.17"),
        ("programs", Machine(setpriv=None), "setpriv"),
        ("user", Machine(root=True, users=()), "refuses to run as root"),
        ("user", Machine(root=True, closed=Path("/root")), "may not enter /root"),
        ("state", Machine(unwritable="Read-only file system"), "Read-only file system"),
        ("disk", Machine(disk=(GIB, 1_000_000)), "1.0 GiB"),
        ("disk", Machine(disk=(20 * GIB, 10)), "10 inodes"),
        ("memory", Machine(memory=300 * MIB), "512 MiB"),
        ("clock", Machine(moment=datetime(2026, 10, 22, tzinfo=UTC)), "2026-10-22"),
        ("clock", Machine(newest=datetime(2026, 11, 24, tzinfo=UTC)), "behind"),
        ("ports", Machine(taken="127.64.0.2:1: Address already in use (pid 7 nginx)"), "nginx"),
    ],
)
def test_what_is_wrong_is_named_and_ends_with_a_command(check: str, machine: Machine, said: str) -> None:
    finding = find(check, on(machine))
    assert finding.verdict is Verdict.FAIL
    assert said in finding.detail
    assert finding.next


def test_a_newer_python_passes_and_is_called_untested() -> None:
    finding = find("python", on(Machine(version=(3, 13))))
    assert finding.verdict is Verdict.PASS
    assert "tested" in finding.detail


def test_ports_and_memory_of_what_runs_already_are_rightly_taken() -> None:
    taken = Machine(taken="127.64.0.2: in use", memory=0)
    running = replace(ASKED, around=taken, ours={"control", "440000"})
    assert find("ports", running).verdict is Verdict.PASS
    assert find("memory", running).verdict is Verdict.NOT_APPLICABLE


def test_without_addresses_ports_are_not_applicable_and_nothing_is_allocated() -> None:
    assert find("ports", replace(ASKED, addresses={})).verdict is Verdict.NOT_APPLICABLE


def test_root_needs_a_user_for_the_database_and_names_it() -> None:
    assert find("user", on(Machine(root=True))).detail == "postgres"


@pytest.mark.parametrize("name", ["a" * 801, "new\nline", "bell\a"])
def test_a_path_that_something_of_ours_cannot_take_is_refused(name: str) -> None:
    asked = replace(ASKED, state=StatePaths(root=Path("/") / name, runtime=STATE.runtime))
    assert find("paths", asked).verdict is Verdict.FAIL


def test_a_socket_path_that_the_kernel_cannot_take_is_refused() -> None:
    asked = replace(ASKED, state=StatePaths(root=STATE.root, runtime=Path("/run") / ("r" * 90)))
    finding = find("paths", asked)
    assert finding.verdict is Verdict.FAIL
    assert finding.next == "YIWANG_RUNTIME=/tmp yiwang up"
