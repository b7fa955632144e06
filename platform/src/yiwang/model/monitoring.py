"""What is watched: alerts with their owner and runbook, objectives, and dashboards; rules and pages are emitted from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from yiwang.model.declared import Declared, Titled


class Severity(StrEnum):
    """How soon somebody must act. 告警级别。"""

    PAGE = "page"
    TICKET = "ticket"
    NONE = "none"
    """Always firing: its silence is the alarm."""


SEVERITY_TITLES: dict[Severity, tuple[str, str]] = {
    Severity.PAGE: ("立即处理", "act now"),
    Severity.TICKET: ("工作时间处理", "act in working hours"),
    Severity.NONE: ("心跳", "heartbeat"),
}


class Owner(StrEnum):
    """Whose alert it is. 责任岗位。"""

    OPERATIONS = "operations"
    SECURITY = "security"
    RELEASE = "release"
    BUSINESS = "business"


OWNER_TITLES: dict[Owner, tuple[str, str]] = {
    Owner.OPERATIONS: ("运维", "operations"),
    Owner.SECURITY: ("安全", "security"),
    Owner.RELEASE: ("发布", "release"),
    Owner.BUSINESS: ("业务", "business"),
}


class Case(Declared):
    """Series fed to a rule, in promtool's notation, one sample a minute; and which label sets fire then. 规则用例。"""

    minutes: int = Field(gt=0)
    """When the rule is looked at."""
    series: Mapping[str, str] = Field(default_factory=dict)
    """Values by series, as promtool expands them: `1+2x30`."""
    fires: tuple[Mapping[str, str], ...] = ()
    """The labels of every alert that fires, without its own name, severity, owner and tier; none = it stays silent."""


class AlertSpec(Titled):
    """One alert, with what to do about it, and the proof that it fires and stays silent. 告警。"""

    name: str = Field(pattern=r"^[A-Z][A-Za-z]+$")
    expr: str
    """PromQL over metrics that an app exports."""
    hold: str = "5m"
    """How long it must be true."""
    severity: Severity
    owner: Owner
    tiers: str = "all"
    """`all` for every site, `control` for the control plane."""
    meaning_zh: str
    meaning_en: str
    look: tuple[str, ...]
    """Commands that show what is wrong."""
    act: tuple[str, ...] = Field(min_length=1)
    """What to do, in order; each sentence Chinese with English beside."""
    firing: Case
    silent: Case

    @model_validator(mode="after")
    def _proven(self) -> Self:
        if not self.firing.fires or self.silent.fires:
            raise ValueError(f"{self.name}: one case must fire and the other must not")
        return self

    @property
    def runbook(self) -> str:
        """Return the page that says what to do."""
        return f"docs/runbooks/alerts/{self.name}.md"


class SloSpec(Titled):
    """A service level objective over requests; burn-rate alerts are emitted from it. 服务等级目标。"""

    name: str = Field(pattern=r"^[a-z_]+$")
    objective: float = Field(gt=0, lt=1)
    """The share of good events over 30 days."""
    bad: str
    """PromQL of bad events, with `[window]` where the range stands."""
    total: str
    """PromQL of all events, with `[window]` where the range stands."""
    metric: str
    """The metric whose absence is an alarm of its own: no events is not the same as no failures."""
    least_events: int = Field(gt=0)
    """Fewer events than this in the short window don't alarm: one failure of three is no burn rate."""


class PanelSpec(Titled):
    """One picture of a dashboard. 图表。"""

    query: str
    unit: str = "short"
    """Grafana's unit."""
    legend: str = ""


class DashboardSpec(Titled):
    """A dashboard as data; every query of it is executed against live data in a lane. 仪表板。"""

    name: str = Field(pattern=r"^[a-z-]+$")
    panels: tuple[PanelSpec, ...]
