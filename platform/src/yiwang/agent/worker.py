"""The loop's worker: hands work over by files, one child process at a time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from yiwang.adapters.worker_process import WorkerProcess
from yiwang.agent.desk import Desk
from yiwang.errors import NotReady
from yiwang.model.command import Neighbour, Offer, ReportMessage

REFRESH_SECONDS = 60.0
MODULE = "yiwang.agent.work"


@dataclass
class ChildWorker:
    """Work in child processes, so that heavy libraries leave memory again when they are done. 子进程工作者。"""

    desk: Desk
    process: WorkerProcess
    command: tuple[str, ...] = (sys.executable, "-I", "-B", "-m", MODULE)

    def apply(self) -> None:
        """Begin (again) what the journal says is to be done."""
        self._start("apply")

    def prove(self) -> None:
        """Begin making a signed report."""
        self._start("prove")

    def meet(self, neighbours: Sequence[Neighbour]) -> None:
        """Keep what control says and begin verifying it."""
        self.desk.put_neighbours(neighbours)
        self._start("meet")

    def enrol(self) -> None:
        """Begin enrolling with the token at hand, or renewing."""
        self._start("enrol")

    def refresh(self) -> None:
        """Verify the repository's metadata again and wait for it."""
        self.process.wait(REFRESH_SECONDS)
        self._start("refresh")
        if not self.process.wait(REFRESH_SECONDS):
            raise NotReady(
                what="信任库刷新超时 / verifying the repository takes too long", next="yiwang control status"
            )

    def _start(self, what: str) -> None:
        self.process.start(what, [*self.command, "--settings", str(self.desk.settings), what])

    def busy(self) -> str | None:
        """Return what is being done now."""
        return self.process.busy()

    def report(self) -> ReportMessage | None:
        """Return a report to be sent."""
        return self.desk.report()

    def offers(self) -> tuple[Offer, ...]:
        """Return offers to be sent."""
        return self.desk.offers()

    def sent(self, what: str) -> None:
        """Forget what was accepted."""
        self.desk.sent(what)
