"""Carries one command through the phases of the substrate contract, and back when it does not prove itself.

It knows no substrate: it asks for facts, a plan and one step after the other, writes each phase into the journal before
it runs, and decides what a failure means. Fetching and staging change nothing that runs, so a failure there leaves the
site as it was; a failure from the switch on is answered by going back to what ran before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from yiwang.agent.journal import Journal, Memory
from yiwang.agent.succession import HandedOver
from yiwang.errors import Unreachable, YiwangError
from yiwang.model.command import Outcome, Progress, SignedCommand
from yiwang.model.substrate import Phase
from yiwang.substrates.contract import StepFailed

Say = Callable[[str], None]
DETAIL_LIMIT = 3500


class Installation(Protocol):
    """A site on some substrate, brought to a command's release phase by phase. 站点安装。"""

    def phases(self, signed: SignedCommand) -> Iterable[tuple[Phase, Callable[[], str]]]:
        """Yield (phase, run) in order; ``run`` returns a sentence, or raises StepFailed or a YiwangError."""


@dataclass
class Execution:
    """One command on its way. 指令执行。"""

    journal: Journal
    installation: Installation
    now: Callable[[], datetime]
    say: Say = lambda _: None
    before: Callable[[SignedCommand], None] = lambda _: None
    """Done ahead of the phases; raises HandedOver where another agent goes on."""

    def run(self) -> Memory:
        """Carry the journal's command to its end; return what is remembered then."""
        memory = self.journal.read()
        if memory.command is None or not memory.running():
            return memory
        try:
            self.before(memory.command)
            self._carry(memory.command)
        except StepFailed as failure:
            return self._fail(memory, failure)
        except HandedOver:
            return memory  # unfinished, as the next agent finds it
        except Unreachable:
            raise  # nothing is wrong with the release: the command is carried on when the network is back
        except YiwangError as error:
            return self._fail(memory, self._failure(f"{error} → {error.next}"))
        except Exception as error:  # a defect of ours must end the command too, or it would be tried for ever
            return self._fail(memory, self._failure(f"{type(error).__name__}: {error}"))
        return self._done(memory.command)

    def _carry(self, signed: SignedCommand, *, note: str = "") -> None:
        for phase, run in self.installation.phases(signed):
            self._note(phase, note)
            self.say(f"{phase}: {run() or 'ok'}")

    def _failure(self, detail: str) -> StepFailed:
        """Return what a phase's unforeseen error means."""
        phase = Phase((self.journal.read().progress or Progress()).phase or Phase.FETCH)
        return StepFailed(phase, detail, changed=phase in CHANGING)

    def _note(self, phase: Phase, note: str) -> None:
        """Write the phase into the journal before it runs."""
        self.journal.update(lambda known: known.model_copy(
            update={"progress": (known.progress or Progress()).model_copy(
                update={"phase": phase.value, "detail": note, "at": self.now()})}
        ))  # fmt: skip

    def _done(self, signed: SignedCommand) -> Memory:
        return self._end(Outcome.DONE, "", signed)

    def _fail(self, memory: Memory, failure: StepFailed) -> Memory:
        """End as failed; when something running was changed, go back first."""
        detail = f"{failure.phase}: {failure.detail}"
        self.say(f"失败 / failed: {detail}")
        if failure.changed and memory.current is not None:
            detail = f"{detail}; {self._go_back(memory.current)}"
        return self._end(Outcome.FAILED, detail[:DETAIL_LIMIT], memory.current)

    def _go_back(self, previous: SignedCommand) -> str:
        release = previous.command.release
        try:
            self._carry(previous, note=f"回退到 {release} / going back")
        except (StepFailed, YiwangError, OSError) as error:
            return f"回退失败 / going back to {release} failed: {error}"
        return f"已回退到 {release} / is back on {release}"

    def _end(self, outcome: Outcome, detail: str, current: SignedCommand | None) -> Memory:
        return self.journal.update(lambda known: known.model_copy(
            update={"current": current, "unproven": True, "progress": (known.progress or Progress()).model_copy(
                update={"outcome": outcome, "detail": detail, "at": self.now()})}
        ))  # fmt: skip


CHANGING = frozenset({Phase.ENGINES, Phase.EXPAND, Phase.SWITCH, Phase.VERIFY, Phase.RETIRE})
