"""What a rollout is: a frozen plan, the state it has reached, what may happen to it, and what it tells sites to do.

Data only. The decisions are one pure function in ``yiwang.rollouts.core``; control, the tests under a virtual clock
and the simulator all feed it the same events, so a rollout can be replayed from its journal to the same state.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from yiwang.model.release import Record, ReleaseId, Sha256
from yiwang.model.trust import SiteId


class SiteState(StrEnum):
    """Where one site stands in a rollout. 站点推广状态。"""

    PENDING = "pending"
    APPLYING = "applying"
    HEALTHY = "healthy"
    UNREACHABLE = "unreachable"
    HELD = "held"
    FAILED = "failed"
    REVERTING = "reverting"
    ROLLED_BACK = "rolled_back"
    STUCK = "stuck"
    LEFT_BEHIND = "left_behind"
    LEFT = "left"


class RolloutStatus(StrEnum):
    """Where a rollout stands as a whole. 推广状态。"""

    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting_approval"
    RUNNING = "running"
    SOAKING = "soaking"
    CATCHING_UP = "catching_up"
    PAUSED = "paused"
    ABORTING = "aborting"
    ROLLING_BACK = "rolling_back"
    COMPLETED = "completed"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled_back"
    STUCK = "stuck"


TERMINAL = frozenset({RolloutStatus.COMPLETED, RolloutStatus.ABORTED, RolloutStatus.ROLLED_BACK, RolloutStatus.STUCK})

STATUS_TITLES: dict[RolloutStatus, tuple[str, str]] = {
    RolloutStatus.PLANNED: ("已计划", "planned"),
    RolloutStatus.AWAITING_APPROVAL: ("待批准", "awaiting approval"),
    RolloutStatus.RUNNING: ("推广中", "running"),
    RolloutStatus.SOAKING: ("观察期", "soaking"),
    RolloutStatus.CATCHING_UP: ("补推中", "catching up"),
    RolloutStatus.PAUSED: ("已暂停", "paused"),
    RolloutStatus.ABORTING: ("中止中", "aborting"),
    RolloutStatus.ROLLING_BACK: ("回退中", "rolling back"),
    RolloutStatus.COMPLETED: ("已完成", "completed"),
    RolloutStatus.ABORTED: ("已中止", "aborted"),
    RolloutStatus.ROLLED_BACK: ("已回退", "rolled back"),
    RolloutStatus.STUCK: ("需人工处理", "stuck, a person must decide"),
}


class WaveRule(Record):
    """Which sites a wave takes, and how long it is watched before the next one. 批次规则。"""

    name: str
    title_zh: str
    instance: str | None = None
    """Take only sites of this instance (main, twin, training); None = any."""
    tier: str | None = None
    """Take only sites of this tier; None = any."""
    limit: int | None = Field(default=None, ge=1)
    """Take at most this many (a pilot); None = all that are left."""
    soak_seconds: int = Field(default=0, ge=0)
    approvals: int = Field(default=0, ge=0)
    """How many different people must approve before the wave begins."""
    failed_budget: int | None = Field(default=None, ge=0)
    """Failures tolerated in this wave alone; None = only the policy's budget counts. A pilot tolerates none."""


class RolloutPolicy(Record):
    """How carefully a release is brought to the sites. 推广策略。"""

    name: str
    waves: tuple[WaveRule, ...]
    parallel: int = Field(default=4, ge=1)
    """At most this many sites change at once (pacing)."""
    failed_budget: int = Field(default=0, ge=0)
    """Failures that are tolerated; one more and the whole rollout goes back."""
    unreachable_budget: int = Field(default=3, ge=0)
    """Silent sites that are tolerated; one more pauses: silence says nothing about the release."""
    unreachable_seconds: int = Field(default=120, ge=1)
    apply_seconds: int = Field(default=1800, ge=1)
    """A site in contact that has proved nothing after this long has failed."""
    catch_up_seconds: int = Field(default=7 * 24 * 3600, ge=0)
    rollback_seconds: int = Field(default=4 * 3600, ge=1)
    """A rollback without progress for this long ends as stuck and names its sites."""
    respect_windows: bool = True


class PlannedSite(Record):
    """One site of a frozen plan, with what it ran and its number before. 计划内站点。"""

    site: SiteId
    parent: SiteId | None = None
    before: ReleaseId | None = None
    before_manifest_sha256: Sha256 | None = None
    generation: int = Field(default=0, ge=0)
    windows: tuple[str, ...] = ()


class Wave(Record):
    """One group of sites, in order. 批次。"""

    name: str
    title_zh: str
    sites: tuple[SiteId, ...]
    soak_seconds: int = 0
    approvals: int = 0
    failed_budget: int | None = None


class RolloutPlan(Record):
    """What was decided before anything ran; it never changes afterwards. 推广计划。"""

    id: str
    release: ReleaseId
    manifest_sha256: Sha256
    created_at: AwareDatetime
    policy: RolloutPolicy
    sites: dict[SiteId, PlannedSite]
    waves: tuple[Wave, ...]
    excluded: dict[SiteId, str] = Field(default_factory=dict)
    """Sites left out, each with the reason; a site that joins later waits for the next rollout."""

    def children(self, site: str) -> tuple[str, ...]:
        """Return the sites of this plan directly below a site."""
        return tuple(item.site for item in self.sites.values() if item.parent == site)


class SiteProgress(Record):
    """How far one site has come. 站点进度。"""

    state: SiteState = SiteState.PENDING
    since: AwareDatetime
    generation: int = 0
    reachable: bool = True
    assigned: bool = False
    """Whether the new release was ever ordered here."""
    proven: bool = False
    """Whether it ever proved the new release: from then on its children may depend on it."""
    failed: bool = False
    """Whether it ever counted against the failed budget."""
    reason: str = ""


class RolloutState(Record):
    """Everything a rollout has come to. 推广状态全量。"""

    plan: RolloutPlan
    status: RolloutStatus = RolloutStatus.PLANNED
    since: AwareDatetime
    wave: int = 0
    sites: dict[SiteId, SiteProgress]
    approvals: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Who approved, by wave name."""
    holds: dict[SiteId, str] = Field(default_factory=dict)
    resume_to: RolloutStatus | None = None
    unreachable_allowance: int = 0
    reason: str = ""

    def finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.status in TERMINAL

    def in_state(self, *states: SiteState) -> tuple[str, ...]:
        """Return the sites in one of these states, in plan order."""
        return tuple(site for site, progress in self.sites.items() if progress.state in states)

    def failures(self) -> int:
        """Return how many sites have counted against the failed budget."""
        return sum(progress.failed for progress in self.sites.values())


class Started(Record):
    """A person starts a planned rollout. 启动。"""

    kind: Literal["started"] = "started"


class Approved(Record):
    """A person approves a wave. 批准。"""

    kind: Literal["approved"] = "approved"
    wave: str
    by: str


class Paused(Record):
    """A person, or control itself, pauses. 暂停。"""

    kind: Literal["paused"] = "paused"
    reason: str


class Resumed(Record):
    """A person lets it go on. 继续。"""

    kind: Literal["resumed"] = "resumed"


class Aborted(Record):
    """A person stops it, with or without going back. 中止。"""

    kind: Literal["aborted"] = "aborted"
    roll_back: bool = False
    reason: str = ""


class Proven(Record):
    """A site's signed report was judged. 站点证明。"""

    kind: Literal["proven"] = "proven"
    site: SiteId
    generation: int
    release: ReleaseId | None
    healthy: bool
    reason: str = ""


class Failed(Record):
    """A site says that a command failed there. 站点失败。"""

    kind: Literal["failed"] = "failed"
    site: SiteId
    generation: int
    reason: str


class Lost(Record):
    """A site has been silent for too long. 失联。"""

    kind: Literal["lost"] = "lost"
    site: SiteId


class Seen(Record):
    """A silent site speaks again. 恢复联系。"""

    kind: Literal["seen"] = "seen"
    site: SiteId


class Left(Record):
    """A site left the tree: it is never touched again. 站点退出。"""

    kind: Literal["left"] = "left"
    site: SiteId


class HoldsChanged(Record):
    """The signed holds in force now, by site. 冻结变更。"""

    kind: Literal["holds_changed"] = "holds_changed"
    holds: dict[SiteId, str]


class Ticked(Record):
    """Time passed. Journalled only when it changed something. 时间推进。"""

    kind: Literal["ticked"] = "ticked"


Event = Annotated[
    Started | Approved | Paused | Resumed | Aborted | Proven | Failed | Lost | Seen | Left | HoldsChanged | Ticked,
    Field(discriminator="kind"),
]


class Order(Record):
    """What one site is told to run: the core's only output. 站点指令。"""

    site: SiteId
    release: ReleaseId
    manifest_sha256: Sha256
    generation: int
    action: Literal["apply", "revert"]


class Hold(Record):
    """A signed wish that a site, or everything below it, be left alone for a time. 冻结。"""

    id: str
    site: SiteId
    subtree: bool = False
    reason: str = Field(min_length=1, max_length=500)
    by: str
    not_before: AwareDatetime
    not_after: AwareDatetime

    def in_force(self, now: datetime) -> bool:
        """Whether the hold counts at a moment."""
        return self.not_before <= now < self.not_after

    def lifetime(self) -> timedelta:
        """Return how long it holds."""
        return self.not_after - self.not_before


class JournalEntry(Record):
    """One event as the journal keeps it: replaying them in order gives the same state. 日志条目。"""

    at: AwareDatetime
    event: Event
