"""What is signed at a site and about a site: statements, certificates, tokens, and the contexts that keep them apart.

A signature is made over ``context || message`` so that one made for a report can never be shown as one made for a
statement. A signer is one hybrid key with two halves (Ed25519 and SM2); this module only names the shapes, the
verification lives in ``adapters.signing``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from yiwang.model.release import Record, Sha256, canonical

Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$")]
SiteId = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{3}){0,2}(-[a-z]+)?$")]

STATEMENT_LIFETIME = timedelta(days=90)
STICK_LIFETIME = timedelta(days=400)
TOKEN_LIFETIME = timedelta(hours=24)
RENEWAL_GRACE = timedelta(hours=2)


class SigningContext(StrEnum):
    """What a signature was made for; no two purposes share one. 签名用途。

    Requests have theirs in ``model.command``, the exchange and the audit chain in the kit.
    """

    METADATA = "yiwang.metadata.v1"
    STATEMENT = "yiwang.statement.v1"
    ENROLMENT = "yiwang.enrolment.v1"
    PROOF = "yiwang.proof.v1"
    COMMAND = "yiwang.command.v1"
    PACK = "yiwang.pack.v1"
    BACKUP = "yiwang.backup.v1"


class TrustRole(StrEnum):
    """Who signs what below the pinned root. 信任角色。"""

    ROOT = "root"
    TARGETS = "targets"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp"
    RELEASES = "releases"
    TREE = "tree"
    IDENTITY = "identity"
    CONTROL = "control"
    OPERATORS = "operators"


DELEGATED = (TrustRole.RELEASES, TrustRole.TREE, TrustRole.IDENTITY, TrustRole.CONTROL, TrustRole.OPERATORS)


class HybridPublic(Record):
    """The public halves of a hybrid key; one without the other is no key. 混合公钥。"""

    ed25519: Hex
    sm2: Hex


class HybridSignature(Record):
    """Both halves of a signature; it is valid only if both are. 混合签名。"""

    ed25519: Hex
    sm2: Hex


class Statement(Record):
    """Who a site is: its incarnation, keys and TLS fingerprint, for a time. 站点声明。"""

    schema_: int = Field(default=1, alias="schema", serialization_alias="schema", ge=1, le=1)
    site: SiteId
    incarnation: int = Field(ge=1)
    serial: int = Field(ge=1)
    not_before: AwareDatetime
    not_after: AwareDatetime
    tls_sha256: Sha256
    keys: HybridPublic
    demo: bool = False

    model_config = Record.model_config | {"populate_by_name": True}

    def canonical_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        return canonical(self.model_dump(mode="json", by_alias=True))

    def renew_at(self) -> datetime:
        """Return when the site asks for the next one: at two thirds of the lifetime."""
        return self.not_before + (self.not_after - self.not_before) * 2 / 3

    def renewal_overdue(self, now: datetime) -> bool:
        """Whether less than a third of the lifetime is left although the site looks every hour."""
        return now >= self.renew_at() + RENEWAL_GRACE

    def uri(self) -> str:
        """Return the name inside the site's certificate."""
        return certificate_uri(self.site, self.incarnation)


class SignedStatement(Record):
    """A statement with the identity role's signature. 已签站点声明。"""

    statement: Statement
    signer: str
    signature: HybridSignature


class EnrolmentRequest(Record):
    """What a site sends to get its statement: its keys, a CSR, and proof that it holds both. 入网申请。"""

    site: SiteId
    incarnation: int = Field(ge=1)
    keys: HybridPublic
    csr_pem: str = Field(max_length=8192)
    token: str | None = None
    serial: int | None = None
    signature: HybridSignature | None = None

    def signed_bytes(self) -> bytes:
        """Return what the site's own key signs: all but the signature."""
        return canonical(self.model_dump(mode="json", exclude={"signature"}))


class TokenRecord(Record):
    """What control keeps of a one-time token: its digest, never the token. 一次性令牌记录。"""

    site: SiteId
    incarnation: int = Field(ge=1)
    digest: Sha256
    expires_at: AwareDatetime


class Enrolment(Record):
    """Two objects with one serial and lifetime: a statement and a TLS certificate. 入网结果。"""

    statement: SignedStatement
    certificate_pem: str
    ca_pem: str


class Revocations(Record):
    """Serials that are no longer believed, and incarnations that are fenced. 吊销与隔离。"""

    serials: tuple[int, ...] = ()
    fenced: dict[SiteId, int] = Field(default_factory=dict)

    def refuses(self, statement: Statement) -> str | None:
        """Return why a statement is not believed, or None."""
        if statement.serial in self.serials:
            return f"serial {statement.serial} is revoked"
        if statement.incarnation <= self.fenced.get(statement.site, 0):
            return f"incarnation {statement.incarnation} of {statement.site} is fenced"
        return None


def certificate_uri(site: str, incarnation: int) -> str:
    """Return the URI SAN of a site's certificate."""
    return f"yiwang:site:{site}:{incarnation}"


def control_uri(workspace: str) -> str:
    """Return the URI SAN of control's own certificate."""
    return f"yiwang:control:{workspace}"


def utc_text(moment: datetime) -> str:
    """Return a moment as the text that signed documents carry."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
