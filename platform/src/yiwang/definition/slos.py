"""Service level objectives of a site's hub; windows and factors of the burn rates stand here once.

Multi-window, multi-burn-rate: Google, The Site Reliability Workbook, chapter 5. A fast burn spends 2 % of a month's
budget in an hour, a slow one 5 % in six hours; the short window ends the alarm soon after the failure has ended.
"""

from __future__ import annotations

from dataclasses import dataclass

from yiwang.model.monitoring import SloSpec

_ALL = "sum by (site) (increase(kit_requests_total[window]))"


@dataclass(frozen=True)
class Burn:
    """One pace at which a budget may burn before somebody must know. 燃烧率。"""

    name: str
    factor: float
    long: str
    short: str
    hold: str


BURNS = (Burn("Fast", 14.4, "1h", "5m", "2m"), Burn("Slow", 6.0, "6h", "30m", "15m"))

SLOS = (
    SloSpec(
        name="answered",
        title_zh="请求得到正常应答",
        title_en="requests answered without a server error",
        objective=0.995,
        bad='sum by (site) (increase(kit_requests_total{status=~"5.."}[window]))',
        total=_ALL,
        metric="kit_requests_total",
        least_events=30,
    ),
    SloSpec(
        name="swift",
        title_zh="请求在一秒内应答",
        title_en="requests answered within a second",
        objective=0.95,
        bad=(
            "sum by (site) (increase(kit_request_seconds_count[window])) "
            '- sum by (site) (increase(kit_request_seconds_bucket{le="1.0"}[window]))'
        ),
        total="sum by (site) (increase(kit_request_seconds_count[window]))",
        metric="kit_request_seconds_count",
        least_events=30,
    ),
)
