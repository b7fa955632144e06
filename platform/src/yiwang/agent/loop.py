"""The loop: poll, verify, take up, prove, report. It decides little and never stops because control is silent.

The heavy libraries and all changes live in worker processes, so that this one stays small for years. What it accepted
is in its journal before anything acts on it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from yiwang.agent.journal import Journal, Memory
from yiwang.agent.ports import Control, Health, Verifier, Worker
from yiwang.errors import Refused, Unreachable
from yiwang.model.command import Outcome, Poll, PollAnswer, Progress, ReportMessage, SignedCommand

Say = Callable[[str], None]


@dataclass
class Rhythm:
    """How often things happen, in seconds. 节奏。"""

    poll: float = 2.0
    backoff: float = 30.0
    health: float = 10.0
    proof: float = 3600.0


@dataclass
class Agent:
    """The loop of one site. 站点代理。"""

    site: str
    journal: Journal
    control: Control
    worker: Worker
    verifier: Verifier
    health: Health
    rhythm: Rhythm
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    say: Say = lambda _: None
    jitter: Callable[[], float] = random.random
    _failures: int = 0
    _acknowledged: Progress | None = None
    _proof_due: float = field(default=float("-inf"))
    _health_due: float = field(default=float("-inf"))
    _healthy: bool | None = None
    _attempts: int = 0
    _retry_at: float = float("-inf")

    def step(self) -> float:
        """Do one round; return how many seconds to sleep."""
        memory = self.journal.read()
        self._keep_working(memory)
        self._watch(memory)
        try:
            self._converse(memory)
        except Unreachable as error:
            return self._back_off(str(error))
        except Refused as error:
            return self._back_off(f"{error.rule} → {error.next}")
        self._failures = 0
        return self.rhythm.poll

    def _back_off(self, why: str) -> float:
        """Return a growing pause with jitter, so that 144 sites don't come back in one second."""
        if self._failures == 0:
            self.say(f"管控暂不可用，站点照常运行 / control is away, the site works on: {why}")
        self._failures += 1
        pause = min(self.rhythm.backoff, self.rhythm.poll * float(1 << min(self._failures, 10)))
        return pause * (0.5 + self.jitter() / 2)

    # -- work --------------------------------------------------------------------------------------------------------

    def _keep_working(self, memory: Memory) -> None:
        """Go on with an unfinished command, first of all after a crash."""
        if self.worker.busy() is not None:
            return
        if memory.running() and self.monotonic() >= self._retry_at:
            self._attempts += 1
            self._retry_at = self.monotonic() + min(60.0, 2.0**self._attempts)
            self.worker.apply()
        elif not memory.running():
            self._attempts, self._retry_at = 0, float("-inf")
            self._prove_if_due(memory)

    def _prove_if_due(self, memory: Memory) -> None:
        """Begin a proof: after every change, when asked, and every hour."""
        due = memory.unproven or self.monotonic() >= self._proof_due
        if due and memory.current is not None and self.worker.report() is None:
            self._proof_due = self.monotonic() + self.rhythm.proof
            self.journal.update(lambda known: known.model_copy(update={"unproven": False}))
            self.worker.prove()

    def _watch(self, memory: Memory) -> None:
        """Look at the hub now and then; a change of its health is proven at once."""
        if memory.current is None or memory.running() or self.monotonic() < self._health_due:
            return
        self._health_due = self.monotonic() + self.rhythm.health
        healthy, reason = self.health.look()
        if self._healthy is not None and healthy != self._healthy:
            self.say(f"健康状态变化 / health changed: {'ready' if healthy else reason}")
            self._proof_due = float("-inf")
        self._healthy = healthy

    # -- conversation ------------------------------------------------------------------------------------------------

    def _converse(self, memory: Memory) -> None:
        """Send what is ready, then ask for work."""
        if (message := self.worker.report()) is not None:
            self._send_report(message)
        if offers := self.worker.offers():
            self.control.offer(offers)
            self.worker.sent("offers")
        progress = memory.progress if memory.progress != self._acknowledged else None
        answer = self.control.poll(
            Poll(epoch=memory.epoch, generation=memory.generation, progress=progress,
                 neighbours_digest=memory.neighbours_digest)
        )  # fmt: skip
        self._acknowledged = memory.progress
        self._heed(memory, answer)

    def _send_report(self, message: ReportMessage) -> None:
        try:
            self.control.report(message)
        except Refused as error:
            self.say(f"报告被拒 / the report was refused: {error.rule}")
        self.worker.sent("report")

    def _heed(self, memory: Memory, answer: PollAnswer) -> None:
        """Take up what control answered."""
        if answer.prove > memory.proven:
            self._proof_due = float("-inf")
            self.journal.update(lambda known: known.model_copy(update={"proven": answer.prove}))
        if answer.command is not None:
            self._take_up(answer.command)
        if answer.neighbours is not None and self.worker.busy() is None:
            self.worker.meet(answer.neighbours)
            self.journal.update(lambda known: known.model_copy(update={"neighbours_digest": answer.neighbours_digest}))

    def _take_up(self, signed: SignedCommand) -> None:
        """Accept a command that is really control's, for this site, and newer than all before it."""
        command, memory = signed.command, self.journal.read()
        refusal = self._objection(signed, memory)
        if refusal is not None:
            self.say(f"拒绝指令 {command.epoch}.{command.generation} / refused the command: {refusal}")
            return
        if memory.running() and self.worker.busy() is not None:
            return  # the one in hand comes to its end first; control repeats the newer one at every poll
        self.say(f"{command.action} {command.release} ({command.epoch}.{command.generation})")
        progress = Progress(epoch=command.epoch, generation=command.generation, release=command.release,
                            phase="fetch", outcome=Outcome.RUNNING, at=self.now())  # fmt: skip
        self.journal.update(
            lambda known: known.model_copy(update={
                "epoch": command.epoch, "generation": command.generation, "command": signed, "progress": progress,
            })
        )  # fmt: skip
        self.worker.apply()

    def _objection(self, signed: SignedCommand, memory: Memory) -> str | None:
        """Return why a command is not taken up, or None."""
        command = signed.command
        if command.site != self.site:
            return f"属于 {command.site} / it is for {command.site}"
        if command.number() <= memory.number():
            return (
                f"已执行 {memory.epoch}.{memory.generation} / {memory.epoch}.{memory.generation} was already accepted"
            )
        try:
            self.verifier.verify(signed)
        except Refused as error:
            return error.rule
        return None
