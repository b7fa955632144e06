"""What a site proves about itself, and what the matrix says about it.

A report is signed by the site's key and expires: a site that stops talking turns stale, never stays green. The report
carries what was *loaded* (by each process, hashed before it imported anything) and what is on *disk* now, because
only both equal to the manifest is "same". It detects drift and error; a hostile root at the site can still lie.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field

from yiwang.model.release import Record, Sha256, canonical
from yiwang.model.trust import HybridSignature, SiteId


class DriftKind(StrEnum):
    """How a file differs from what was staged. 漂移类型。"""

    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"


class FileDrift(Record):
    """One file that is not what was installed, and the artefact it belongs to. 漂移文件。"""

    path: str
    kind: DriftKind
    artefact: str = ""

    def sentence(self) -> str:
        """Return the finding as one line for people."""
        origin = f" ({self.artefact})" if self.artefact else ""
        return f"{self.path} {self.kind}{origin}"


class LoadedProcess(Record):
    """What one running process hashed before it imported anything. 进程加载证明。"""

    name: str
    pid: int
    alive: bool
    release: str | None = None
    tree_digest: Sha256 | None = None
    started_at: AwareDatetime | None = None
    start_time_ticks: int | None = None
    boot_start_time_ticks: int | None = None
    drift: tuple[FileDrift, ...] = ()


class ProofReport(Record):
    """What a site says it is, at one moment, until it expires. 证明报告。"""

    schema_: int = Field(default=1, alias="schema", serialization_alias="schema", ge=1, le=1)
    site: SiteId
    incarnation: int = Field(ge=1)
    generation: int = Field(ge=0)
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    release: str | None
    manifest_sha256: Sha256 | None
    pack_sha256: Sha256 | None
    pack_on_disk_sha256: Sha256 | None
    tree_digest: Sha256 | None
    files: int = 0
    drift: tuple[FileDrift, ...] = ()
    processes: tuple[LoadedProcess, ...] = ()
    engines: dict[str, str] = Field(default_factory=dict)
    migrations: dict[str, str] = Field(default_factory=dict)
    contracts: tuple[str, ...] = ()
    local: dict[str, str] = Field(default_factory=dict)

    model_config = Record.model_config | {"populate_by_name": True}

    def canonical_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        return canonical(self.model_dump(mode="json", by_alias=True))


class SignedReport(Record):
    """A report with the site key's signature. 已签证明报告。"""

    report: ProofReport
    signature: HybridSignature


class MatrixState(StrEnum):
    """What the matrix says about a site; only SAME is green. 一致性状态。"""

    SAME = "same"
    BEHIND = "behind"
    AHEAD = "ahead"
    DRIFTED = "drifted"
    STALE = "stale"
    NEVER_SEEN = "never_seen"
    NOT_DEPLOYED = "not_deployed"
    NOT_OURS = "not_ours"


STATE_TITLES: dict[MatrixState, tuple[str, str]] = {
    MatrixState.SAME: ("一致", "same"),
    MatrixState.BEHIND: ("落后", "behind"),
    MatrixState.AHEAD: ("超前", "ahead"),
    MatrixState.DRIFTED: ("漂移", "drifted"),
    MatrixState.STALE: ("证明过期", "stale"),
    MatrixState.NEVER_SEEN: ("从未上报", "never seen"),
    MatrixState.NOT_DEPLOYED: ("未部署", "not deployed here"),
    MatrixState.NOT_OURS: ("非本系统", "not ours"),
}


class Expected(Record):
    """What control expects of one site: the assignment, with the digests that prove it. 期望状态。"""

    site: SiteId
    name: str
    tier: str
    parent: SiteId | None = None
    address: str | None = None
    ours: bool = True
    deployed: bool = True
    release: str | None = None
    manifest_sha256: Sha256 | None = None
    pack_sha256: Sha256 | None = None
    migrations: dict[str, str] = Field(default_factory=dict)
    generation: int = 0


class MatrixRow(Record):
    """One site's line in the matrix. 一致性矩阵行。"""

    site: SiteId
    name: str
    tier: str
    parent: SiteId | None = None
    address: str | None = None
    state: MatrixState
    release: str | None = None
    proven_at: AwareDatetime | None = None
    details: tuple[str, ...] = ()
    generation: int = 0
    certificate_until: AwareDatetime | None = None
