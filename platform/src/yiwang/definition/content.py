"""The data packs that services load. The dated folder name is the version's first half: `pack@version`."""

from __future__ import annotations

from yiwang.model.content import ContentSpec

DIVISIONS = ContentSpec(
    name="divisions",
    title_zh="行政区划",
    title_en="administrative divisions",
    folder="divisions-2023",
    services=("management",),
)

CONTENTS = (
    DIVISIONS,
    ContentSpec(
        name="matters",
        title_zh="事项样例",
        title_en="starter matters",
        folder="matters-starter",
        services=("matter",),
    ),
    ContentSpec(
        name="calendar",
        title_zh="工作日历",
        title_en="working calendar",
        folder="calendar-2026",
        services=("collaboration",),
    ),
    ContentSpec(
        name="indicators",
        title_zh="起步指标",
        title_en="starter indicators",
        folder="indicators-starter",
        services=("indicator",),
    ),
    ContentSpec(
        name="topics",
        title_zh="起步专题",
        title_en="starter topics",
        folder="topics-starter",
        services=("situation",),
    ),
)
