"""Control over a real PostgreSQL, with keys made for the test, and sites that speak to it as agents do."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from yiwang.adapters import signing
from yiwang.adapters.control_http import AgentClient, ControlClient
from yiwang.adapters.signing import CertificateAuthority, HybridSigner
from yiwang.adapters.tls import TlsFiles, server_context
from yiwang.adapters.tls_front import Front
from yiwang.control.app import create_app
from yiwang.control.kernel import Kernel
from yiwang.control.ports import Ports, TrustStore
from yiwang.control.settings import ControlDatabase, ControlSettings, Listen, Tls
from yiwang.model.command import (
    Command,
    OperatorKey,
    Outcome,
    Poll,
    Progress,
    ReportMessage,
    SignedCommand,
    pack_digest,
)
from yiwang.model.proof import LoadedProcess, ProofReport, SignedReport
from yiwang.model.release import Manifest, Policy
from yiwang.model.site import Site, SiteTree
from yiwang.model.trust import Enrolment, EnrolmentRequest, HybridPublic, Revocations, SigningContext
from yiwang_kit.clock import SystemClock
from yiwang_kit.crypto import HybridPrivateKey
from yiwang_kit.database import Database

C = TypeVar("C", AgentClient, ControlClient)
R1, R2 = "2026.11.0", "2026.11.1"
SITES = ("440000", "441700", "441721")


def manifest(release: str, *, enter_from: tuple[str, ...] = ()) -> Manifest:
    """A manifest that names no files: enough for deciding and judging."""
    digest = hashlib.sha256(release.encode()).hexdigest()
    return Manifest(schema=1, release=release, source=digest, artefacts=(), dependencies=(), migrations={},
                    contracts={}, settings_schema=digest,
                    policy=Policy(may_enter_from=enter_from, rollback_floor=R1))  # fmt: skip


MANIFESTS = {R1: manifest(R1), R2: manifest(R2, enter_from=(R1,))}


def tree() -> SiteTree:
    """Province, city, county."""
    return SiteTree([
        Site(id="440000", code="440000", name="广东省", tier="province"),
        Site(id="441700", code="441700", name="阳江市", tier="city", parent="440000"),
        Site(id="441721", code="441721", name="阳西县", tier="county", parent="441700"),
    ])  # fmt: skip


@dataclass
class LabTrust:
    """Keys made for the test; packs kept in memory."""

    authority: CertificateAuthority
    control: HybridPrivateKey = field(default_factory=HybridPrivateKey.generate)
    identity_signer: HybridSigner = field(default_factory=HybridSigner.generate)
    packs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    revoked: Revocations = field(default_factory=Revocations)

    def publish_release(self, folder: Path) -> Manifest:
        return MANIFESTS[folder.name]

    def publish_packs(self, packs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        digests = {site: pack_digest(files) for site, files in packs.items()}
        self.packs |= {digests[site]: files for site, files in packs.items()}
        return digests

    def sign_command(self, command: Command) -> SignedCommand:
        signature = signing.sign(self.control, command.canonical_bytes(), SigningContext.COMMAND)
        return SignedCommand(command=command, signature=signature)

    def issue(self, request: EnrolmentRequest, serial: int) -> Enrolment:
        return signing.issue(
            request, self.identity_signer, self.authority, serial=serial, now=datetime.now(UTC), demo=True
        )

    def refresh(self) -> bool:
        return False

    def revocations(self) -> Revocations:
        return self.revoked

    def revoke(self, serial: int) -> None:
        self.revoked = Revocations(serials=(*self.revoked.serials, serial), fenced=self.revoked.fenced)

    def fence(self, site: str, incarnation: int) -> None:
        self.revoked = Revocations(serials=self.revoked.serials, fenced={**self.revoked.fenced, site: incarnation})

    def identity(self) -> HybridPublic:
        return signing.public_halves(self.identity_signer.private.public_key())


class LabPacks:
    """A pack that differs by site and release."""

    def render(self, site: str, release: str) -> Mapping[str, str]:
        return {"settings.json": f'{{"site": "{site}", "release": "{release}"}}'}


@dataclass
class LabTree:
    """The three sites."""

    sites: SiteTree = field(default_factory=tree)

    def load(self) -> SiteTree:
        return self.sites

    def address(self, site: str) -> str | None:
        return f"http://{site}.test"


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class ControlLab:
    """A running control and the keys to talk to it."""

    folder: Path
    database_url: str
    operators: dict[str, HybridPrivateKey] = field(default_factory=lambda: {"chen": HybridPrivateKey.generate()})
    port: int = field(default_factory=free_port)
    secure: Path | None = None
    """Folder of the CA below which control listens with TLS; None = plain, where TLS is not the claim."""
    inner_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        authority = CertificateAuthority.open(self.folder / "ca", now=datetime.now(UTC), demo=True)
        self.trust: TrustStore = LabTrust(authority)
        self.kernel: Kernel | None = None
        self._clients: list[AgentClient | ControlClient] = []

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"

    @property
    def tls(self) -> TlsFiles | None:
        """What a client without a certificate needs."""
        return TlsFiles(self.secure / "ca.pem") if self.secure else None

    def settings(self) -> ControlSettings:
        keys = tuple(OperatorKey(name=name, keys=signing.public_halves(key.public_key()))
                     for name, key in self.operators.items())  # fmt: skip
        tls = Tls(inner_port=self.inner_port, identity=self.folder / "control.pem",
                  authority=self.secure / "ca.pem") if self.secure else None  # fmt: skip
        return ControlSettings(
            schema=1, tls=tls, workspace=self.folder, state=self.folder, runtime=self.folder,
            listen=Listen(host="127.0.0.1", port=self.port), public_url=self.url, operators=keys,
            database=ControlDatabase(host="127.0.0.1", port=5432), tick_seconds=0.1,
        )  # fmt: skip

    @contextmanager
    def running(self) -> Iterator[ControlLab]:
        """Serve on loopback in a thread for as long as the block lasts."""
        from granian.constants import Interfaces
        from granian.server.embed import Server

        self.kernel = Kernel(self.settings(), Database(self.database_url),
                             Ports(LabPacks(), self.trust, LabTree()), SystemClock())  # fmt: skip
        app = create_app(self.kernel)
        port = self.inner_port if self.secure else self.port
        server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=lambda: loop.run_until_complete(self._serve(server)), daemon=True)
        thread.start()
        try:
            self._await()
            yield self
        finally:
            for client in self._clients:
                client.http.close()
            loop.call_soon_threadsafe(server.stop)
            thread.join(timeout=15)
            loop.close()

    async def _serve(self, server: Any) -> None:
        """Serve as the program does: behind the TLS door where there is one."""
        if self.secure is None or self.kernel is None:
            await server.serve()
            return
        identity, now = self.folder / "control.pem", datetime.now(UTC)
        authority = CertificateAuthority.open(self.secure, now=now, demo=True)
        signing.ensure_server_identity(identity, authority, name="yiwang:control:lab", host="127.0.0.1", now=now)
        context = server_context(self.secure / "ca.pem", identity)
        front = Front(context, ("127.0.0.1", self.port), ("127.0.0.1", self.inner_port), self.kernel.channels)
        await front.open()
        try:
            await server.serve()
        finally:
            await front.close()

    def _await(self) -> None:
        end = datetime.now(UTC) + timedelta(seconds=20)
        while datetime.now(UTC) < end:
            try:
                for port in (self.port, self.inner_port) if self.secure else (self.port,):
                    socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
            except OSError:
                threading.Event().wait(0.05)
            else:
                return
        raise TimeoutError(self.url)

    def operator(self, name: str = "chen") -> ControlClient:
        return ControlClient(self.url, name, self.operators[name], tls=self.tls)

    def opened(self, client: C) -> C:
        """Close a client when the lab ends."""
        self._clients.append(client)
        return client

    def site(self, site: str) -> LabSite:
        """A site that has no statement yet."""
        made = LabSite(site, self.url, self.tls, self.folder / f"{site}.pem")
        self.opened(made.client)
        return made

    def enrolled(self, *sites: str) -> dict[str, LabSite]:
        """Sites with statements of their own."""
        with self.operator() as operator:
            made = {site: self.site(site) for site in sites}
            for site in made.values():
                site.enrol(operator.token(site.site))
        return made

    def publish(self, *releases: str) -> None:
        with self.operator() as operator:
            for release in releases:
                operator.publish_release(self.folder / release)


@dataclass
class LabSite:
    """A site that obeys (or not) without any process: it says what a real agent would say."""

    site: str
    url: str
    tls: TlsFiles | None = None
    transport: Path | None = None
    """Where this site keeps TLS key and certificate."""
    key: HybridPrivateKey = field(default_factory=HybridPrivateKey.generate)
    incarnation: int = 0
    epoch: int = 0
    generation: int = 0
    release: str | None = None
    manifest_sha256: str | None = None
    pack_sha256: str | None = None
    fails_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        tls = TlsFiles(self.tls.authority, self.transport) if self.tls else None
        self.client = AgentClient(self.url, self.site, tls=tls)

    def enrol(self, token: dict[str, Any]) -> Enrolment:
        tls = ec.generate_private_key(ec.SECP256R1())
        self.incarnation = int(token["incarnation"])
        request = signing.make_request(
            self.key, tls, site=self.site, incarnation=self.incarnation, token=token["token"]
        )
        enrolment = self.client.enrol(request)
        if self.tls and self.transport:
            self.transport.write_bytes(signing.private_pem(tls) + enrolment.certificate_pem.encode())
        self.client.sign_as(self.key, self.incarnation)
        return enrolment

    def poll(self, progress: Progress | None = None) -> SignedCommand | None:
        answer = self.client.poll(Poll(epoch=self.epoch, generation=self.generation, progress=progress))
        return answer.command

    def obey(self) -> SignedCommand | None:
        """Ask once, and do what is said."""
        signed = self.poll()
        if signed is None:
            return None
        command = signed.command
        self.epoch, self.generation = command.number()
        if command.release in self.fails_on:
            self.poll(Progress(epoch=self.epoch, generation=self.generation, phase="verify",
                               outcome=Outcome.FAILED, detail="readyz says 503"))  # fmt: skip
        else:
            self.release, self.manifest_sha256 = command.release, command.manifest_sha256
            self.pack_sha256 = command.pack_sha256
            self.report()
        return signed

    def proof(self, **changes: Any) -> ProofReport:
        now = datetime.now(UTC)
        digest = "d" * 64
        process = LoadedProcess(name="hub", pid=1, alive=True, release=self.release, tree_digest=digest,
                                start_time_ticks=1, boot_start_time_ticks=1)  # fmt: skip
        fields: dict[str, Any] = {
            "schema": 1, "site": self.site, "incarnation": self.incarnation, "generation": self.generation,
            "issued_at": now, "expires_at": now + timedelta(hours=2), "release": self.release,
            "manifest_sha256": self.manifest_sha256, "pack_sha256": self.pack_sha256,
            "pack_on_disk_sha256": self.pack_sha256, "tree_digest": digest, "processes": (process,),
        }  # fmt: skip
        return ProofReport(**{**fields, **changes})

    def message(self, report: ProofReport, *, healthy: bool = True, **extra: Any) -> ReportMessage:
        signed = signing.sign_report(self.key, report)
        return sign_message(self.key, signed, healthy=healthy, **extra)

    def report(self, **changes: Any) -> None:
        self.client.report(self.message(self.proof(**changes)))


def sign_message(key: HybridPrivateKey, report: SignedReport, **fields: Any) -> ReportMessage:
    """A report with its attachment signed by the same key."""
    blank = ReportMessage(report=report, identity_signature=report.signature, **fields)
    signature = signing.sign(key, blank.canonical_bytes(), SigningContext.PROOF)
    return blank.model_copy(update={"identity_signature": signature})
