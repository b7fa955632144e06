"""What travels between control and an agent: signed requests one way, signed commands the other.

A request is signed over method, target, body digest, sender and moment, so that it can be neither replayed at another
door nor sent in another site's name. A command carries (control epoch, site generation): an agent that has seen a
higher pair refuses it, so neither a restored control nor a replayed answer can take a site back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from yiwang.model.proof import SignedReport
from yiwang.model.release import Record, ReleaseId, Sha256, canonical
from yiwang.model.trust import HybridPublic, HybridSignature, SignedStatement, SiteId

REQUEST_TOLERANCE_SECONDS = 300
PREFIX = "Yiwang-"


class RequestContext(StrEnum):
    """In whose capacity a request is signed. 请求签名用途。"""

    AGENT = "yiwang.agent.v1"
    OPERATOR = "yiwang.operator.v1"


class Header(StrEnum):
    """The headers of a signed request. 签名请求头。"""

    SITE = "Yiwang-Site"
    OPERATOR = "Yiwang-Operator"
    INCARNATION = "Yiwang-Incarnation"
    TIMESTAMP = "Yiwang-Timestamp"
    NONCE = "Yiwang-Nonce"
    SIGNATURE = "Yiwang-Signature"


class SignedRequest(Record):
    """What the signature of a request is over. 签名请求。"""

    method: str
    target: str
    """Path with query, as sent."""
    body_sha256: Sha256
    sender: str
    incarnation: int = 0
    timestamp: int
    """Seconds since 1970 by the sender's clock."""
    nonce: str = Field(pattern=r"^[0-9a-zA-Z_-]{16,64}$")

    def canonical_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        return canonical(self.model_dump(mode="json"))


def body_digest(body: bytes) -> str:
    """Return the digest of a body as a request names it."""
    return hashlib.sha256(body).hexdigest()


def pack_bytes(files: Mapping[str, str]) -> bytes:
    """Return a site pack as the one document that is published and signed: path → text."""
    return canonical(dict(files))


def pack_digest(files: Mapping[str, str]) -> str:
    """Return the digest of a site pack; the agent proves its folder with the same arithmetic."""
    return hashlib.sha256(pack_bytes(files)).hexdigest()


def pack_target(site: str, digest: str) -> str:
    """Return where a site pack lies below the control role's folder."""
    return f"control/packs/{site}/{digest}.json"


class Command(Record):
    """What one site is to run, by control's decision. 指令。"""

    schema_: int = Field(default=1, alias="schema", serialization_alias="schema", ge=1, le=1)
    site: SiteId
    epoch: int = Field(ge=1)
    generation: int = Field(ge=1)
    action: Literal["apply", "revert"]
    release: ReleaseId
    manifest_sha256: Sha256
    pack_sha256: Sha256
    rollout: str | None = None
    issued_at: AwareDatetime

    model_config = Record.model_config | {"populate_by_name": True}

    def canonical_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        return canonical(self.model_dump(mode="json", by_alias=True))

    def number(self) -> tuple[int, int]:
        """Return (epoch, generation), by which commands are ordered."""
        return (self.epoch, self.generation)


class SignedCommand(Record):
    """A command with control's signature. 已签指令。"""

    command: Command
    signature: HybridSignature


class Outcome(StrEnum):
    """How a command stands at a site. 指令结果。"""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


class Progress(Record):
    """How far a site has come with a command. 执行进度。"""

    epoch: int = 0
    generation: int = 0
    release: str | None = None
    phase: str = ""
    outcome: Outcome = Outcome.RUNNING
    detail: str = Field(default="", max_length=4000)
    at: AwareDatetime | None = None


class Poll(Record):
    """What an agent says when it asks for work. 轮询。"""

    epoch: int = 0
    generation: int = 0
    progress: Progress | None = None
    neighbours_digest: str = ""
    """Digest of what it knows about its neighbours, so that only news travels."""


class Offer(Record):
    """What one site says to a neighbour through control: link keys, grants, addresses. 邻站信息。"""

    sender: SiteId
    recipient: SiteId
    kind: str = Field(pattern=r"^[a-z][a-z_]{0,40}$")
    body: dict[str, str]


class Neighbour(Record):
    """What a site is told about one it may exchange with. 邻站。"""

    site: SiteId
    relation: Literal["parent", "child", "origin"]
    statement: SignedStatement | None = None
    offers: dict[str, dict[str, str]] = Field(default_factory=dict)


class PollAnswer(Record):
    """What control answers: perhaps a command, perhaps news of neighbours, perhaps "prove now". 轮询应答。"""

    epoch: int
    command: SignedCommand | None = None
    prove: int = 0
    """Rises when somebody asks for a proof now."""
    neighbours: tuple[Neighbour, ...] | None = None
    neighbours_digest: str = ""


class ReportMessage(Record):
    """A signed report as an agent sends it, with the issuer of its site's tokens. 上报。"""

    report: SignedReport
    issuer: str | None = None
    jwks: str | None = Field(default=None, max_length=20_000)
    healthy: bool = False
    reason: str = Field(default="", max_length=2000)
    identity_signature: HybridSignature
    """By the site's key over issuer, keys, health and reason, bound to the report."""

    def canonical_bytes(self) -> bytes:
        """Return what the second signature is over."""
        content = self.model_dump(mode="json", include={"issuer", "jwks", "healthy", "reason"})
        return canonical({**content, "report": self.report.signature.model_dump()})


class OperatorKey(Record):
    """A person or program that may operate, by name and key. 操作员密钥。"""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,40}$")
    keys: HybridPublic
