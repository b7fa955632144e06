"""What the agent's loop stands on, named by what it asks; tests put memory in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from yiwang.model.command import Neighbour, Offer, Poll, PollAnswer, ReportMessage, SignedCommand


class Control(Protocol):
    """Control as an agent meets it. 管控端口。"""

    def poll(self, poll: Poll) -> PollAnswer:
        """Ask for work. Raises Unreachable or Refused."""

    def report(self, message: ReportMessage) -> None:
        """Send a signed proof."""

    def offer(self, offers: Sequence[Offer]) -> None:
        """Tell neighbours something."""


class Worker(Protocol):
    """Does heavy work in a process of its own, one piece at a time. 工作进程。"""

    def apply(self) -> None:
        """Begin (again) what the journal says is to be done."""

    def prove(self) -> None:
        """Begin making a signed report."""

    def meet(self, neighbours: Sequence[Neighbour]) -> None:
        """Begin verifying what neighbours say, and wiring links to them."""

    def busy(self) -> str | None:
        """Return what is being done now, or None."""

    def report(self) -> ReportMessage | None:
        """Return a report that was made and not sent yet."""

    def offers(self) -> tuple[Offer, ...]:
        """Return offers that were made and not sent yet."""

    def sent(self, what: str) -> None:
        """Forget a report or offers that were accepted."""


class Verifier(Protocol):
    """Believes commands by control's key below the pinned root. 指令校验。"""

    def verify(self, signed: SignedCommand) -> None:
        """Refuse a command that control did not sign."""


class Health(Protocol):
    """A cheap look at the hub between proofs. 健康探测。"""

    def look(self) -> tuple[bool, str]:
        """Return whether the hub is ready, and why not."""
