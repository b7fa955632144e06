"""What every part of control shares: settings, database, ports, the clock, the audit trail and the epoch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from yiwang.adapters.tls_front import Channels
from yiwang.control.ports import Ports
from yiwang.control.settings import ControlSettings
from yiwang.control.store import Store
from yiwang.model.command import SignedCommand
from yiwang.model.release import Manifest
from yiwang_kit.audit import Audit
from yiwang_kit.clock import Clock, SystemClock
from yiwang_kit.database import Database

PACKAGES = ("yiwang_kit", "yiwang.control")
SCHEMA = "control"
EPOCH, OBSERVING = "epoch", "observing"


@dataclass
class Kernel:
    """Control's shared state; what is cached here is always written to the database first. 管控内核。"""

    settings: ControlSettings
    database: Database
    ports: Ports
    clock: Clock = field(default_factory=SystemClock)
    log: structlog.stdlib.BoundLogger = field(default_factory=lambda: structlog.get_logger("control"))
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while something is decided: one decision at a time, each on the state the last one left."""
    epoch: int = 1
    observing: str = ""
    """Why control only observes (it was restored), or empty."""
    manifests: dict[str, Manifest] = field(default_factory=dict)
    commands: dict[str, SignedCommand] = field(default_factory=dict)
    contacts: dict[str, datetime] = field(default_factory=dict)
    channels: Channels = field(default_factory=Channels)
    """Connections that came through the TLS door, with their certificates."""

    def __post_init__(self) -> None:
        self.audit = Audit(self.clock)

    def load(self) -> None:
        """Read what must be known before the first request."""
        with self.transaction() as store:
            self.epoch = int(store.meta(EPOCH, "1"))
            self.observing = store.meta(OBSERVING, "")
            self.manifests = store.manifests()
            self.commands = store.assignments()
            # A control that was down must not take its own absence for the sites' silence.
            self.contacts = dict.fromkeys(store.sites(), self.clock.now())

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        """Open a transaction over control's tables."""
        with self.database.transaction(SCHEMA) as session:
            yield Store(session)

    def record(self, action: str, actor: str, subject: str, **detail: object) -> None:
        """Write an audit row in a transaction of its own."""
        with self.database.transaction(SCHEMA) as session:
            self.audit.record(
                session, actor=actor, action=action, object_type="control", object_id=subject, detail=detail
            )

    def raise_epoch(self, above: int, reason: str) -> None:
        """Begin a new epoch and only observe until an operator has looked: this control was restored."""
        with self.lock, self.transaction() as store:
            self.epoch, self.observing = above + 1, reason
            store.set_meta(EPOCH, str(self.epoch))
            store.set_meta(OBSERVING, reason)
            store.append(at=self.clock.now(), kind="epoch", actor="control", data=f'{{"epoch": {self.epoch}}}')
        self.log.warning("epoch raised", epoch=self.epoch, reason=reason)

    def act_again(self) -> None:
        """An operator has looked: control decides again."""
        with self.lock, self.transaction() as store:
            self.observing = ""
            store.set_meta(OBSERVING, "")
