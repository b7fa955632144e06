"""How a long command tells where it is: numbered steps, what changed, how long it took; all on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Say = Callable[[str], None]


@dataclass
class Steps:
    """The steps of one run. 步骤。"""

    total: int
    say: Say
    changed: list[str] = field(default_factory=list)
    number: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Announce a step; what is given to the yielded function is something that changed."""
        self.number += 1
        self.say(f"[{self.number}/{self.total}] {title}")
        started, before = time.monotonic(), len(self.changed)

        def note(what: str) -> None:
            self.changed.append(what)
            self.say(f"      {what}")

        yield note
        elapsed = time.monotonic() - started
        if len(self.changed) == before:
            self.say(f"      无变化 unchanged ({elapsed:.1f} s)")
        else:
            self.say(f"      完成 done ({elapsed:.1f} s)")
