"""Turns what the substrate found into a signed, expiring report, with the keys by which the site's people are known."""

from __future__ import annotations

from datetime import datetime, timedelta

from yiwang.adapters import signing
from yiwang.agent.journal import Memory
from yiwang.model.command import ReportMessage
from yiwang.model.proof import ProofReport
from yiwang.model.trust import SigningContext
from yiwang.substrates.contract import Proof
from yiwang_kit.crypto import HybridPrivateKey


def make_report(
    proof: Proof, memory: Memory, *, site: str, incarnation: int, now: datetime, lifetime: timedelta
) -> ProofReport:
    """Return the report of a proof; it speaks for the last command that came to its end."""
    current = memory.current.command if memory.current else None
    return ProofReport(
        schema=1, site=site, incarnation=incarnation, generation=memory.generation, issued_at=now,
        expires_at=now + lifetime, release=proof.release, manifest_sha256=proof.manifest_sha256,
        pack_sha256=current.pack_sha256 if current else None, pack_on_disk_sha256=proof.pack_on_disk_sha256,
        tree_digest=proof.tree_digest, files=proof.files, drift=proof.drift, processes=proof.processes,
        engines=dict(proof.engines), migrations=dict(proof.migrations), contracts=proof.contracts,
    )  # fmt: skip


def sign_message(
    key: HybridPrivateKey, report: ProofReport, proof: Proof, issuer: tuple[str, str] | None
) -> ReportMessage:
    """Return a report as it is sent: signed, and its attachment signed with it."""
    signed = signing.sign_report(key, report)
    blank = ReportMessage(
        report=signed, issuer=issuer[0] if issuer else None, jwks=issuer[1] if issuer else None,
        healthy=proof.healthy, reason="; ".join(proof.reasons)[:2000], identity_signature=signed.signature,
    )  # fmt: skip
    signature = signing.sign(key, blank.canonical_bytes(), SigningContext.PROOF)
    return blank.model_copy(update={"identity_signature": signature})
