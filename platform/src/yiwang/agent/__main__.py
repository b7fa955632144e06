"""Runs an agent: ``python -m yiwang.agent --settings F``. Imports little, because it idles for years."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from yiwang.adapters.control_http import AgentClient
from yiwang.adapters.hub_probe import HubProbe
from yiwang.adapters.tls import TlsFiles
from yiwang.adapters.worker_process import WorkerProcess
from yiwang.agent.desk import Desk
from yiwang.agent.identity import Identity
from yiwang.agent.loop import Agent, Rhythm
from yiwang.agent.settings import AgentSettings, load_settings
from yiwang.agent.trusting import CommandVerifier
from yiwang.agent.worker import ChildWorker
from yiwang.errors import YiwangError

ENROL_PAUSE_SECONDS, ENROL_PATIENCE_SECONDS = 2.0, 60.0
RENEWAL_LOOK_SECONDS = 3600.0


def say(text: str) -> None:
    """Write one line to the agent's log."""
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
    sys.stdout.flush()


class Process:
    """The agent as a process: enrolled first, then looping until SIGTERM. 代理进程。"""

    def __init__(self, settings: AgentSettings, desk: Desk, command: tuple[str, ...] | None = None) -> None:
        self._settings, self._desk = settings, desk
        self._identity = Identity(settings.paths.identity, settings.site)
        self._child = WorkerProcess(settings.paths.log / "agent-work.log")
        self._worker = ChildWorker(desk, self._child, *([command] if command else []))
        self._stop = threading.Event()
        self._renewal_look = float("-inf")

    def run(self) -> int:
        """Loop until told to stop."""
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, lambda *_: self._stop.set())
        while not self._stop.is_set() and not self._enrolled():
            self._stop.wait(ENROL_PAUSE_SECONDS)
        if self._stop.is_set():
            return 0
        try:
            with AgentClient(self._settings.control_url, self._settings.site, tls=self._tls()) as client:
                self._loop(client)
        finally:
            self._child.stop()
        return 0

    def _tls(self) -> TlsFiles:
        return TlsFiles(self._desk.authority, self._identity.transport_file)

    def _enrolled(self) -> bool:
        """Enrol when a token waits (a new incarnation too); return whether there is a statement."""
        if self._desk.token.is_file():
            self._worker.enrol()
            self._child.wait(ENROL_PATIENCE_SECONDS)
        return self._identity.statement() is not None and not self._desk.token.is_file()

    def _loop(self, client: AgentClient) -> None:
        client.sign_as(self._identity.key(), self._identity.incarnation())
        # A newer agent may tell neighbours more than the one before it did, so it meets them again.
        self._desk.journal().update(lambda known: known.model_copy(update={"neighbours_digest": ""}))
        agent = self._agent(client)
        while not self._stop.is_set():
            if self._desk.token.is_file() and self._enrolled():
                client.sign_as(self._identity.key(), self._identity.incarnation())
            self._renew()
            try:
                pause = agent.step()
            except YiwangError as error:
                say(f"{error}. 下一步 / next: {error.next}")
                pause = self._settings.backoff_seconds
            self._stop.wait(pause)

    def _renew(self) -> None:
        """Look now and then whether the statement should be renewed."""
        if time.monotonic() - self._renewal_look >= RENEWAL_LOOK_SECONDS and self._worker.busy() is None:
            self._renewal_look = time.monotonic()
            if self._identity.renewal_due(datetime.now(UTC)):
                self._worker.enrol()

    def _agent(self, client: AgentClient) -> Agent:
        settings = self._settings
        rhythm = Rhythm(
            settings.poll_seconds, settings.backoff_seconds, settings.health_seconds, settings.proof_seconds
        )
        return Agent(
            site=settings.site, journal=self._desk.journal(), control=client, worker=self._worker,
            verifier=CommandVerifier(self._desk.metadata, self._worker.refresh), health=HubProbe(settings.hub_url),
            rhythm=rhythm, now=lambda: datetime.now(UTC), monotonic=time.monotonic, say=say,
        )  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Run the agent; return the exit code."""
    parser = argparse.ArgumentParser(prog="yiwang.agent", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    path: Path = parser.parse_args(argv).settings
    try:
        return Process(load_settings(path), Desk(path.parent)).run()
    except YiwangError as error:
        say(f"{error}. 下一步 / next: {error.next}")
        return int(error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
