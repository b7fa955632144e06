"""Signs and verifies what is no TUF metadata: statements, enrolments, reports, commands.

One function each way for every purpose; the signing context keeps a signature made for one from passing as another.
"""

from __future__ import annotations

from datetime import datetime

from yiwang.adapters.signing.keys import HALVES, HybridSigner, verify_halves
from yiwang.errors import Refused
from yiwang.model.proof import ProofReport, SignedReport
from yiwang.model.trust import HybridPublic, HybridSignature, Revocations, SignedStatement, SigningContext, Statement
from yiwang_kit.crypto import HybridPrivateKey, HybridPublicKey

RENEW = "yiwang status"


def public_halves(key: HybridPublicKey) -> HybridPublic:
    """Return the two public halves as a statement names them."""
    content = key.to_json()
    return HybridPublic(**{half: content[half] for half in HALVES})


def public_key(halves: HybridPublic) -> HybridPublicKey:
    """Return the key that verifies, from its halves."""
    return HybridPublicKey.from_json(halves.model_dump())


def sign(key: HybridPrivateKey, message: bytes, context: SigningContext) -> HybridSignature:
    """Sign a message with both halves, for one purpose."""
    halves = key.sign(message, context.value)
    return HybridSignature(**{half: halves[half] for half in HALVES})


def check(halves: HybridPublic, message: bytes, signature: HybridSignature, context: SigningContext, what: str) -> None:
    """Refuse a message that this key did not sign for this purpose; ``what`` names it in the refusal."""
    problem = verify_halves(public_key(halves), message, signature.model_dump(), context)
    if problem:
        raise Refused(rule=f"{what}: {problem}", who="不可越过 / nobody may override", next=RENEW)


def sign_statement(identity: HybridSigner, statement: Statement) -> SignedStatement:
    """Sign who a site is, with the identity role's key."""
    return SignedStatement(
        statement=statement,
        signer=identity.public_key.keyid,
        signature=sign(identity.private, statement.canonical_bytes(), SigningContext.STATEMENT),
    )


def verify_statement(
    signed: SignedStatement,
    identity: HybridPublic,
    *,
    at: datetime,
    site: str | None = None,
    revocations: Revocations | None = None,
    profile: str = "demo",
) -> Statement:
    """Return a statement that is believed at this time, or refuse it with the reason."""
    statement = signed.statement
    what = f"站点声明 {statement.site} 序列号 {statement.serial} / statement"
    check(identity, statement.canonical_bytes(), signed.signature, SigningContext.STATEMENT, what)
    for problem in _statement_problems(statement, at, site, revocations or Revocations(), profile):
        raise Refused(rule=f"{what}: {problem}", who="身份签发方 / the identity role", next=RENEW)
    return statement


def _statement_problems(
    statement: Statement, at: datetime, site: str | None, revocations: Revocations, profile: str
) -> list[str]:
    """Return every reason not to believe a well-signed statement."""
    problems = []
    if site is not None and statement.site != site:
        problems.append(f"属于另一站点 / is about {statement.site}, not {site}")
    if not statement.not_before <= at < statement.not_after:
        problems.append(f"不在有效期内 / valid from {statement.not_before} until {statement.not_after}, not at {at}")
    if statement.demo and profile == "production":
        problems.append("演示声明不可用于生产 / is for demonstration, and profile production refuses it")
    revoked = revocations.refuses(statement)
    return [*problems, *([revoked] if revoked else [])]


def sign_report(site_key: HybridPrivateKey, report: ProofReport) -> SignedReport:
    """Sign what a site proves about itself."""
    return SignedReport(report=report, signature=sign(site_key, report.canonical_bytes(), SigningContext.PROOF))


def verify_report(signed: SignedReport, statement: Statement) -> ProofReport:
    """Return a report that the stated site signed about itself, or refuse it."""
    report = signed.report
    what = f"证明报告 {report.site} / report"
    if (report.site, report.incarnation) != (statement.site, statement.incarnation):
        raise Refused(
            rule=f"{what}: 站点或实例代次不符 / is of {report.site}:{report.incarnation}, "
            f"the certificate of {statement.site}:{statement.incarnation}",
            who="不可越过 / nobody may override", next=RENEW,
        )  # fmt: skip
    check(statement.keys, report.canonical_bytes(), signed.signature, SigningContext.PROOF, what)
    return report
