"""One piece of heavy work in a process of its own: ``python -m yiwang.agent.work --settings F apply|prove|meet|…``.

The loop stays small because everything that needs large libraries happens here and leaves memory again. A lock lets one
worker work at a time, also when an agent that was killed left one behind.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from yiwang.adapters import signing
from yiwang.adapters.control_http import AgentClient
from yiwang.adapters.hub_probe import HubProbe
from yiwang.adapters.tls import TlsFiles
from yiwang.adapters.worker_process import end_leftovers
from yiwang.agent.desk import Desk
from yiwang.agent.executing import Execution
from yiwang.agent.identity import Identity, enrol
from yiwang.agent.installing import ContractInstallation, VerifiedSource
from yiwang.agent.journal import Memory, write_whole
from yiwang.agent.linking import Meeting
from yiwang.agent.proving import make_report, sign_message
from yiwang.agent.settings import AgentSettings, load_settings
from yiwang.agent.succession import Succession
from yiwang.definition import distribution
from yiwang.errors import YiwangError
from yiwang.model.command import SignedCommand
from yiwang.model.proof import DriftKind, FileDrift
from yiwang.model.trust import HybridPublic, Revocations, SignedStatement
from yiwang.operate.trust import CA_TARGET, IDENTITY_TARGET, REVOCATIONS_TARGET
from yiwang.substrates.contract import Proof, Substrate

SUBSTRATE = "process"


def now() -> datetime:
    """Return the time by this machine's clock."""
    return datetime.now(UTC)


def say(text: str) -> None:
    """Write one line to the worker's log."""
    sys.stdout.write(f"{now():%Y-%m-%dT%H:%M:%SZ} {text}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Work:
    """What one worker has at hand. 工作上下文。"""

    settings: AgentSettings
    desk: Desk

    @property
    def trust(self) -> signing.TrustClient:
        """Return the site's view of the repository, from its pinned root."""
        return signing.TrustClient(
            root=self.desk.root.read_bytes(), repository=self.settings.repository_url, state=self.desk.trust,
            profile=self.settings.profile, medium=self.settings.medium, authority=self.desk.authority,
        )  # fmt: skip

    @property
    def identity(self) -> Identity:
        """Return the site's identity."""
        return Identity(self.settings.paths.identity, self.settings.site)

    def source(self) -> VerifiedSource:
        """Return where artefacts come from."""
        return VerifiedSource(self.trust, {})

    def substrate(self, source: VerifiedSource) -> Any:
        """Return this site's substrate; it is named by a string, so that an agent carries one only."""
        spec = next(item for item in distribution().substrates if item.name == SUBSTRATE)
        module = importlib.import_module(spec.module.partition(":")[0])
        return module.ProcessSite(
            site=self.settings.site, paths=self.settings.paths, source=source, python=sys.executable, say=say,
            database_user=self.settings.database_system_user,
        )  # fmt: skip

    # -- pieces of work ----------------------------------------------------------------------------------------------

    def enrol(self) -> None:
        """Trade the one-time token for a statement, or renew the present one."""
        token = self.desk.take_token()
        if self.settings.control_url.startswith("https:"):
            self.pin(self.trust.session())  # before the token is shown to anybody
        tls = TlsFiles(self.desk.authority)
        with AgentClient(self.settings.control_url, self.settings.site, tls=tls) as client:
            if token is None:
                client.sign_as(self.identity.key(), self.identity.incarnation())
            incarnation = token[1] if token else self.identity.incarnation()
            statement = enrol(self.identity, client, token=token[0] if token else None, incarnation=incarnation)
        self.desk.token.unlink(missing_ok=True)
        self._show(renewed=token is None)
        say(f"已入网 / enrolled as incarnation {statement.statement.incarnation}")

    def _show(self, *, renewed: bool) -> None:
        """Show a renewed certificate to the neighbours and let the message server take it up; open links stay."""
        if renewed and self.desk.neighbours():
            self.meet()
            self.substrate(self.source()).rewire()

    def pin(self, session: signing.TrustSession) -> None:
        """Believe the certificate authority that the pinned root leads to, and no other."""
        authority = session.read(CA_TARGET)
        if not self.desk.authority.is_file() or self.desk.authority.read_bytes() != authority:
            write_whole(self.desk.authority, authority, mode=0o644)
            say("证书机构已更新 / the certificate authority was replaced by the signed one")

    def refresh(self) -> None:
        """Verify the repository's metadata again."""
        self.trust.session()

    def apply(self) -> None:
        """Carry the journal's command to its end."""
        source = self.source()
        installation = ContractInstallation(self.substrate(source), source, self.desk.folder / "packs")
        succession = Succession(self.settings.paths, source, self.desk.settings, say)

        def before(signed: SignedCommand) -> None:
            source.digests[signed.command.release] = signed.command.manifest_sha256
            succession.before(signed.command)

        Execution(self.desk.journal(), installation, now, say, before).run()

    def check(self) -> None:
        """Say that this agent starts and understands its settings, before it takes over."""
        say(f"可以接任 / can take over {self.settings.site}: {self.substrate(self.source()).facts().current}")

    def prove(self) -> None:
        """Make a signed report."""
        memory = self.desk.journal().read()
        proof = prove_or_say_why(self.substrate(self.source()), memory)
        lifetime = timedelta(seconds=self.settings.report_seconds)
        identity = self.identity
        report = make_report(
            proof, memory, site=self.settings.site, incarnation=identity.incarnation(), now=now(), lifetime=lifetime
        )
        self.desk.put_report(sign_message(identity.key(), report, proof, HubProbe(self.settings.hub_url).issuer()))
        say(f"证明 / proven: {proof.release} {'健康 healthy' if proof.healthy else '; '.join(proof.reasons)}")

    def meet(self) -> None:
        """Verify what neighbours say, and wire the links."""
        session = self.trust.session()
        keys = HybridPublic.model_validate(json.loads(session.read(IDENTITY_TARGET))["keys"])
        revoked = Revocations.model_validate_json(session.read(REVOCATIONS_TARGET))

        def verify(statement: SignedStatement, site: str) -> None:
            signing.verify_statement(
                statement, keys, at=self.trust.verification_time(), site=site, revocations=revoked,
                profile=self.settings.profile,
            )  # fmt: skip

        substrate = self.substrate(self.source())
        meeting = Meeting(self.settings.site, self.settings.paths.identity / "peers", substrate.nats, verify, say)
        offers, news = meeting.meet(self.desk.neighbours())
        self.desk.put_offers(offers)
        if news:
            say(f"链路 / link: {'rewired' if substrate.rewire() else 'nothing to take up now'}")


def prove_or_say_why(substrate: Substrate, memory: Memory) -> Proof:
    """Return what the substrate found; an installation that can't even be hashed is drift with a name, not silence."""
    try:
        return substrate.prove()
    except (OSError, ValueError, YiwangError) as error:
        release = memory.current.command.release if memory.current else None
        gone = FileDrift(path=str(getattr(error, "filename", None) or "installation"), kind=DriftKind.MISSING)
        return Proof(release=release, drift=(gone,), reasons=(f"无法证明 / can't be proven: {error}",))


PIECES: dict[str, Callable[[Work], None]] = {
    "enrol": Work.enrol, "refresh": Work.refresh, "apply": Work.apply, "prove": Work.prove, "meet": Work.meet,
    "check": Work.check,
}  # fmt: skip


UNLOCKED = frozenset({"check"})
"""Changes nothing, and is asked by a worker that holds the lock."""


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Wait for another worker of this site to end, end what a killed one left behind, and keep others out."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="ascii") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        if left := end_leftovers(int(stream.read().strip() or 0)):
            say(f"清理上次遗留进程 / ended what a killed worker left behind: {left}")
        stream.truncate(0)
        stream.write(f"{os.getsid(0)}\n")
        stream.flush()
        yield


def main(argv: list[str] | None = None) -> int:
    """Do one piece of work; return the exit code."""
    parser = argparse.ArgumentParser(prog="yiwang.agent.work", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("piece", choices=sorted(PIECES))
    arguments = parser.parse_args(argv)
    try:
        settings = load_settings(arguments.settings)
        work = Work(settings, Desk(arguments.settings.parent))
        with alone(work.desk.lock) if arguments.piece not in UNLOCKED else nullcontext():
            PIECES[arguments.piece](work)
    except YiwangError as error:
        say(f"{arguments.piece}: {error}. 下一步 / next: {error.next}")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
