"""The agent's loop, in memory: what it takes up, what it refuses, and what it does when control is away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yiwang.agent.journal import Journal, Memory
from yiwang.agent.loop import Agent, Rhythm
from yiwang.errors import Refused, Unreachable
from yiwang.model.command import (
    Command,
    Neighbour,
    Offer,
    Outcome,
    Poll,
    PollAnswer,
    Progress,
    ReportMessage,
    SignedCommand,
)
from yiwang.model.proof import ProofReport, SignedReport
from yiwang.model.trust import HybridSignature

NOW = datetime(2026, 11, 2, tzinfo=UTC)
SIGNATURE = HybridSignature(ed25519="aa", sm2="bb")


def command(generation: int, *, epoch: int = 1, site: str = "441721", release: str = "2026.11.0") -> SignedCommand:
    made = Command(schema=1, site=site, epoch=epoch, generation=generation, action="apply", release=release,
                   manifest_sha256="a" * 64, pack_sha256="b" * 64, issued_at=NOW)  # fmt: skip
    return SignedCommand(command=made, signature=SIGNATURE)


def report_message() -> ReportMessage:
    report = ProofReport(schema=1, site="441721", incarnation=1, generation=1, issued_at=NOW, expires_at=NOW,
                         release="2026.11.0", manifest_sha256=None, pack_sha256=None, pack_on_disk_sha256=None,
                         tree_digest=None)  # fmt: skip
    return ReportMessage(report=SignedReport(report=report, signature=SIGNATURE), identity_signature=SIGNATURE)


@dataclass
class FakeControl:
    answers: list[PollAnswer] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    reports: list[ReportMessage] = field(default_factory=list)
    away: bool = False

    def poll(self, poll: Poll) -> PollAnswer:
        if self.away:
            raise Unreachable(what="control", since=None, next="yiwang control start")
        self.polls.append(poll)
        return self.answers.pop(0) if self.answers else PollAnswer(epoch=1)

    def report(self, message: ReportMessage) -> None:
        if self.away:
            raise Unreachable(what="control", since=None, next="yiwang control start")
        self.reports.append(message)

    def offer(self, offers: Sequence[Offer]) -> None:
        pass


@dataclass
class FakeWorker:
    done: list[str] = field(default_factory=list)
    working: str | None = None
    ready: ReportMessage | None = None

    def apply(self) -> None:
        self.done.append("apply")

    def prove(self) -> None:
        self.done.append("prove")

    def meet(self, neighbours: Sequence[Neighbour]) -> None:
        self.done.append("meet")

    def busy(self) -> str | None:
        return self.working

    def report(self) -> ReportMessage | None:
        return self.ready

    def offers(self) -> tuple[Offer, ...]:
        return ()

    def sent(self, what: str) -> None:
        self.ready = None


@dataclass
class FakeVerifier:
    refuses: bool = False

    def verify(self, signed: SignedCommand) -> None:
        if self.refuses:
            raise Refused(rule="not signed", who="nobody", next="yiwang control status")


@dataclass
class FakeHealth:
    state: tuple[bool, str] = (True, "")

    def look(self) -> tuple[bool, str]:
        return self.state


class Bench:
    """An agent on a bench, with a clock that tests move."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "journal.json")
        self.control, self.worker, self.verifier, self.health = (
            FakeControl(),
            FakeWorker(),
            FakeVerifier(),
            FakeHealth(),
        )
        self.clock = 0.0
        self.said: list[str] = []
        self.agent = self.start()

    def start(self) -> Agent:
        """A new process over the same journal."""
        return Agent(
            site="441721", journal=self.journal, control=self.control, worker=self.worker, verifier=self.verifier,
            health=self.health, rhythm=Rhythm(), now=lambda: NOW, monotonic=lambda: self.clock, say=self.said.append,
            jitter=lambda: 1.0,
        )  # fmt: skip

    def answer(self, **fields: object) -> None:
        self.control.answers.append(PollAnswer(**{"epoch": 1, **fields}))

    def finish(self, outcome: Outcome = Outcome.DONE) -> None:
        """The worker came to its end."""
        self.journal.update(lambda m: m.model_copy(update={
            "current": m.command, "unproven": True, "progress": m.progress.model_copy(update={"outcome": outcome})}))  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_command_is_remembered_before_it_is_worked_on(bench: Bench) -> None:
    bench.answer(command=command(1))
    bench.agent.step()
    memory = bench.journal.read()
    assert memory.number() == (1, 1)
    assert memory.running()
    assert bench.worker.done == ["apply"]


def test_a_lower_or_equal_generation_is_refused(bench: Bench) -> None:
    bench.journal.write(Memory(epoch=2, generation=7))
    for epoch, generation in ((2, 7), (2, 6), (1, 99)):
        bench.answer(command=command(generation, epoch=epoch))
        bench.agent.step()
    assert bench.worker.done == []
    assert bench.journal.read().number() == (2, 7)


def test_a_higher_epoch_counts_even_with_a_lower_generation(bench: Bench) -> None:
    bench.journal.write(Memory(epoch=1, generation=7))
    bench.answer(command=command(1, epoch=2))
    bench.agent.step()
    assert bench.journal.read().number() == (2, 1)


def test_a_command_for_another_site_is_refused_by_name(bench: Bench) -> None:
    bench.answer(command=command(1, site="441700"))
    bench.agent.step()
    assert bench.worker.done == []
    assert "441700" in bench.said[-1]


def test_a_command_that_control_did_not_sign_is_refused(bench: Bench) -> None:
    bench.verifier.refuses = True
    bench.answer(command=command(1))
    bench.agent.step()
    assert bench.journal.read().command is None


def test_a_crashed_agent_goes_on_with_the_same_command(bench: Bench) -> None:
    bench.answer(command=command(1))
    bench.agent.step()
    bench.worker.done.clear()
    bench.start().step()
    assert bench.worker.done == ["apply"]


def test_an_unfinished_command_is_retried_with_pauses(bench: Bench) -> None:
    bench.answer(command=command(1))
    bench.agent.step()
    bench.worker.done.clear()
    for _ in range(5):
        bench.agent.step()
    assert bench.worker.done == ["apply"]
    bench.clock += 60
    bench.agent.step()
    assert bench.worker.done == ["apply", "apply"]


def test_the_site_works_on_while_control_is_away(bench: Bench) -> None:
    bench.answer(command=command(1))
    bench.agent.step()
    bench.finish()
    bench.control.away = True
    bench.agent.step()
    assert bench.worker.done[-1] == "prove"


def test_pauses_grow_and_have_an_end(bench: Bench) -> None:
    bench.control.away = True
    pauses = [bench.agent.step() for _ in range(8)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30.0
    assert len(bench.said) == 1


def test_a_pause_has_jitter(bench: Bench) -> None:
    bench.control.away = True
    bench.agent.jitter = lambda: 0.0
    assert bench.agent.step() == 2.0


def test_every_change_is_proven(bench: Bench) -> None:
    bench.answer(command=command(1))
    bench.agent.step()
    bench.finish()
    bench.agent.step()
    assert bench.worker.done == ["apply", "prove"]


def test_a_report_is_sent_and_forgotten(bench: Bench) -> None:
    bench.worker.ready = report_message()
    bench.agent.step()
    assert len(bench.control.reports) == 1
    assert bench.worker.ready is None


def test_a_report_waits_for_control(bench: Bench) -> None:
    bench.worker.ready, bench.control.away = report_message(), True
    bench.agent.step()
    bench.control.away = False
    bench.agent.step()
    assert len(bench.control.reports) == 1


def test_a_proof_is_made_every_hour_and_on_demand(bench: Bench) -> None:
    bench.journal.write(Memory(epoch=1, generation=1, command=command(1), current=command(1)))
    bench.agent.step()
    bench.agent.step()
    assert bench.worker.done == ["prove"]
    bench.answer(prove=1)
    bench.agent.step()
    bench.agent.step()
    assert bench.worker.done == ["prove", "prove"]
    bench.clock += 3601
    bench.agent.step()
    assert bench.worker.done == ["prove"] * 3


def test_a_demand_that_was_answered_is_not_answered_again(bench: Bench) -> None:
    bench.journal.write(Memory(epoch=1, generation=1, command=command(1), current=command(1), proven=4))
    bench.agent.step()
    bench.answer(prove=4)
    bench.agent.step()
    bench.agent.step()
    assert bench.worker.done == ["prove"]


def test_a_hub_that_falls_ill_is_proven_at_once(bench: Bench) -> None:
    bench.journal.write(Memory(epoch=1, generation=1, command=command(1), current=command(1)))
    bench.agent.step()
    bench.clock += 11
    bench.health.state = (False, "readyz 503")
    bench.agent.step()
    bench.agent.step()
    assert bench.worker.done == ["prove", "prove"]


def test_progress_is_told_once_it_changed(bench: Bench) -> None:
    bench.answer(command=command(1))
    bench.agent.step()
    bench.agent.step()
    bench.agent.step()
    told = [poll.progress for poll in bench.control.polls if poll.progress]
    assert [(item.phase, item.outcome) for item in told] == [("fetch", Outcome.RUNNING)]


def test_progress_that_did_not_arrive_is_told_again(bench: Bench) -> None:
    bench.journal.write(Memory(epoch=1, generation=1, progress=Progress(generation=1, outcome=Outcome.FAILED)))
    bench.control.away = True
    bench.agent.step()
    bench.control.away = False
    bench.agent.step()
    assert bench.control.polls[0].progress is not None


def test_neighbours_are_met_once(bench: Bench) -> None:
    bench.answer(neighbours=(), neighbours_digest="d1")
    bench.agent.step()
    bench.agent.step()
    assert bench.worker.done == ["meet"]
    assert bench.control.polls[-1].neighbours_digest == "d1"
