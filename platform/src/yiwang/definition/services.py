"""The services of the hub. A new service is a package of the hub and one entry here."""

from __future__ import annotations

from yiwang.model.service import ServiceSpec

ALL_TIERS = ("province", "city", "county", "town")

SERVICES = (
    ServiceSpec(
        name="management",
        title_zh="综合管理",
        title_en="management",
        summary_zh="区划、机构、人员、岗位与权限；统一登录。",
        summary_en="Divisions, departments, people, posts and rights; sign-in for the whole hub.",
        app="yiwang_services.management.app:create_app",
        roles=("management",),
        tiers=ALL_TIERS,
        content=("divisions",),
    ),
    ServiceSpec(
        name="matter",
        title_zh="事项目录",
        title_en="matter",
        summary_zh="事项目录：类别、生效日期与办理时限。",
        summary_en="The catalogue of matters, with effective dates and time limits.",
        app="yiwang_services.matter.app:create_app",
        roles=("matter",),
        tiers=ALL_TIERS,
        needs=("management",),
        content=("matters",),
    ),
    ServiceSpec(
        name="collaboration",
        title_zh="协同处置",
        title_en="collaboration",
        summary_zh="工单从登记到结案，站内流转与上下级移交。",
        summary_en="Work orders from intake to closure, within a site and between sites.",
        app="yiwang_services.collaboration.app:create_app",
        roles=("collaboration",),
        tiers=ALL_TIERS,
        needs=("management", "matter"),
        content=("calendar",),
    ),
    ServiceSpec(
        name="indicator",
        title_zh="指标",
        title_en="indicator",
        summary_zh="指标口径、版本与血缘；由工单计算，每个数可追溯到规则与明细。",
        summary_en="Indicators with versions and lineage, computed from orders; each figure leads to its rule and rows.",
        app="yiwang_services.indicator.app:create_app",
        roles=("indicator",),
        tiers=ALL_TIERS,
        needs=("management", "collaboration"),
        content=("indicators",),
    ),
    ServiceSpec(
        name="situation",
        title_zh="综合态势",
        title_en="situation",
        summary_zh="专题由清单定义，在大屏、桌面与手机上呈现；每个数可达口径、明细与处置；告警留痕。",
        summary_en="Topics are manifests, shown on wall, desk and phone; each figure leads to rule, rows and action; alarms.",
        app="yiwang_services.situation.app:create_app",
        roles=("situation",),
        tiers=ALL_TIERS,
        needs=("management", "collaboration", "indicator"),
        content=("topics",),
    ),
)
