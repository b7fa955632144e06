"""The service's own settings: plain data, each with its scope; the same in every site of a release."""

from __future__ import annotations

from typing import Final

CALENDAR_PACK: Final = "calendar-2026"
"""Folder of the content pack with working days."""
TITLE_LIMIT: Final = 120
DESCRIPTION_LIMIT: Final = 4000
NOTE_LIMIT: Final = 1000
HISTORY_CHUNK: Final = 20
"""Trace entries that one message carries when a site learns an order's history."""
STAGE_LIMITS: Final = (
    ("accept", 4, "working_hour"),
    ("dispatch", 4, "working_hour"),
    ("sign", 8, "working_hour"),
    ("verify", 2, "working_day"),
    ("close", 2, "working_day"),
)
"""Limits of the stages for which a matter's version names none; disposal has what is left of the whole."""
BOUNCE_LIMIT: Final = 3
"""The return that goes to an arbiter instead of back to the dispatcher."""
ARBITER_KIND: Final = "service"
"""Kind of the unit that decides whose an order is; where there is none, the government's own office."""
REOPEN_DAYS: Final = 30
"""Days after closure within which an order may be reopened."""
URGE_PAUSE_HOURS: Final = 4
SUSPEND_DAYS: Final = 90
"""The longest that a stage clock may stand still at once."""
EXTEND_DAYS: Final = 180
"""The farthest behind the present limit that an extension may reach."""
DUPLICATE_DAYS: Final = 7
DUPLICATE_METRES: Final = 300.0
DUPLICATE_LIKENESS: Final = 0.35
COUNT_CAP: Final = 10_000
EXPORT_ROWS: Final = 10_000
PUBLIC_PER_MINUTE: Final = 6.0
PUBLIC_BURST: Final = 20.0
"""Reports that one address may hand in at once at the public door."""
PUBLIC_KEYS_FILE: Final = "public-door-keys"
"""A file among the site's secrets, one key a line; where it is, reports at the public door need one of them."""

SETTINGS: Final = (
    {"name": "calendar_pack", "scope": "release", "value": CALENDAR_PACK, "title_zh": "工作日历内容包"},
    {"name": "title_limit", "scope": "release", "value": TITLE_LIMIT, "title_zh": "标题长度上限"},
    {"name": "description_limit", "scope": "release", "value": DESCRIPTION_LIMIT, "title_zh": "描述长度上限"},
    {"name": "note_limit", "scope": "release", "value": NOTE_LIMIT, "title_zh": "意见长度上限"},
    {"name": "history_chunk", "scope": "release", "value": HISTORY_CHUNK, "title_zh": "每条消息携带的轨迹数"},
    {
        "name": "stage_limits",
        "scope": "release",
        "value": ", ".join(f"{name} {amount} {unit}" for name, amount, unit in STAGE_LIMITS),
        "title_zh": "事项未规定时的环节时限",
    },
    {"name": "bounce_limit", "scope": "release", "value": BOUNCE_LIMIT, "title_zh": "转入裁定的退回次数"},
    {"name": "reopen_days", "scope": "release", "value": REOPEN_DAYS, "title_zh": "结案后可重新办理天数"},
    {"name": "urge_pause_hours", "scope": "release", "value": URGE_PAUSE_HOURS, "title_zh": "两次催办间隔小时数"},
    {"name": "suspend_days", "scope": "release", "value": SUSPEND_DAYS, "title_zh": "单次暂停计时天数上限"},
    {"name": "extend_days", "scope": "release", "value": EXTEND_DAYS, "title_zh": "单次延期天数上限"},
    {"name": "duplicate_days", "scope": "release", "value": DUPLICATE_DAYS, "title_zh": "重复工单查找天数"},
    {"name": "duplicate_metres", "scope": "release", "value": DUPLICATE_METRES, "title_zh": "重复工单查找距离（米）"},
    {"name": "count_cap", "scope": "release", "value": COUNT_CAP, "title_zh": "列表计数上限"},
    {"name": "export_rows", "scope": "release", "value": EXPORT_ROWS, "title_zh": "导出行数上限"},
    {
        "name": "public_per_minute",
        "scope": "release",
        "value": PUBLIC_PER_MINUTE,
        "title_zh": "公众入口每地址每分钟受理数",
    },
)
