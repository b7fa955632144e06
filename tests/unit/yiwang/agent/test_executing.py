"""One command through the phases: in order, remembered, and back when it does not prove itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yiwang.agent.executing import Execution
from yiwang.agent.journal import Journal, Memory
from yiwang.errors import Refused, Unreachable
from yiwang.model.command import Command, Outcome, Progress, SignedCommand
from yiwang.model.substrate import Phase
from yiwang.model.trust import HybridSignature
from yiwang.substrates.contract import StepFailed

NOW = datetime(2026, 11, 2, tzinfo=UTC)
PHASES = tuple(Phase)


def command(generation: int, release: str) -> SignedCommand:
    made = Command(schema=1, site="441721", epoch=1, generation=generation, action="apply", release=release,
                   manifest_sha256="a" * 64, pack_sha256="b" * 64, issued_at=NOW)  # fmt: skip
    return SignedCommand(command=made, signature=HybridSignature(ed25519="aa", sm2="bb"))


OLD, NEW = command(1, "2026.11.0"), command(2, "2026.11.1")


@dataclass
class FakeInstallation:
    """Seven phases that do what they are told."""

    journal: Journal
    fails: dict[tuple[str, str], Exception] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def phases(self, signed: SignedCommand) -> Iterable[tuple[Phase, Callable[[], str]]]:
        for phase in PHASES:
            yield phase, lambda phase=phase: self._run(signed.command.release, phase)

    def _run(self, release: str, phase: str) -> str:
        noted = self.journal.read().progress
        assert noted is not None
        assert noted.phase == phase
        self.ran.append(f"{release} {phase}")
        if error := self.fails.get((release, phase)):
            raise error
        return "ok"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "journal.json")
    progress = Progress(epoch=1, generation=2, release="2026.11.1", phase="fetch")
    journal.write(Memory(epoch=1, generation=2, command=NEW, current=OLD, progress=progress))
    return journal


def execute(journal: Journal, **fails: Exception) -> tuple[Memory, list[str]]:
    installation = FakeInstallation(journal, {tuple(key.split("__")): error for key, error in fails.items()})
    return Execution(journal, installation, lambda: NOW).run(), installation.ran


def test_every_phase_runs_in_order_and_is_remembered_before(journal: Journal) -> None:
    memory, ran = execute(journal)
    assert ran == [f"2026.11.1 {phase}" for phase in PHASES]
    assert memory.current == NEW
    assert memory.progress is not None
    assert memory.progress.outcome is Outcome.DONE


def test_a_failed_verification_goes_back_to_what_ran_before(journal: Journal) -> None:
    installation = FakeInstallation(journal, {("2026.11.1", "verify"): StepFailed(Phase.VERIFY, "503", changed=True)})
    memory = Execution(journal, installation, lambda: NOW).run()
    assert installation.ran[-7:] == [f"2026.11.0 {phase}" for phase in PHASES]
    assert memory.current == OLD
    assert memory.progress is not None
    assert memory.progress.outcome is Outcome.FAILED
    assert "503" in memory.progress.detail
    assert "2026.11.0" in memory.progress.detail


def test_a_tampered_artefact_changes_nothing_that_runs(journal: Journal) -> None:
    refusal = Refused(rule="wheel: was tampered with", who="nobody", next="yiwang consistency")
    installation = FakeInstallation(journal, {("2026.11.1", "fetch"): refusal})
    memory = Execution(journal, installation, lambda: NOW).run()
    assert installation.ran == ["2026.11.1 fetch"]
    assert memory.current == OLD
    assert memory.progress is not None
    assert "tampered" in memory.progress.detail


def test_a_failure_to_go_back_is_said(journal: Journal) -> None:
    installation = FakeInstallation(journal, {
        ("2026.11.1", "switch"): StepFailed(Phase.SWITCH, "no", changed=True),
        ("2026.11.0", "verify"): StepFailed(Phase.VERIFY, "still no", changed=True),
    })  # fmt: skip
    memory = Execution(journal, installation, lambda: NOW).run()
    assert memory.progress is not None
    assert "still no" in memory.progress.detail


def test_a_first_installation_that_fails_has_nothing_to_go_back_to(journal: Journal) -> None:
    journal.update(lambda memory: memory.model_copy(update={"current": None}))
    installation = FakeInstallation(journal, {("2026.11.1", "verify"): StepFailed(Phase.VERIFY, "503", changed=True)})
    memory = Execution(journal, installation, lambda: NOW).run()
    assert memory.current is None
    assert len(installation.ran) == 6


def test_a_finished_command_is_not_run_again(journal: Journal) -> None:
    execute(journal)
    _, ran = execute(journal)
    assert ran == []


def test_the_end_asks_for_a_proof(journal: Journal) -> None:
    memory, _ = execute(journal)
    assert memory.unproven


def test_a_silent_network_ends_nothing(journal: Journal) -> None:
    installation = FakeInstallation(journal, {("2026.11.1", "fetch"): Unreachable("repository", None, "yiwang status")})
    with pytest.raises(Unreachable):
        Execution(journal, installation, lambda: NOW).run()
    assert journal.read().running()


def test_a_defect_of_ours_ends_the_command_and_goes_back(journal: Journal) -> None:
    installation = FakeInstallation(journal, {("2026.11.1", "switch"): KeyError("hub")})
    memory = Execution(journal, installation, lambda: NOW).run()
    assert memory.progress is not None
    assert memory.progress.outcome is Outcome.FAILED
    assert installation.ran[-1] == "2026.11.0 retire"
