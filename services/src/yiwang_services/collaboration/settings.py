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

SETTINGS: Final = (
    {"name": "calendar_pack", "scope": "release", "value": CALENDAR_PACK, "title_zh": "工作日历内容包"},
    {"name": "title_limit", "scope": "release", "value": TITLE_LIMIT, "title_zh": "标题长度上限"},
    {"name": "description_limit", "scope": "release", "value": DESCRIPTION_LIMIT, "title_zh": "描述长度上限"},
    {"name": "note_limit", "scope": "release", "value": NOTE_LIMIT, "title_zh": "意见长度上限"},
    {"name": "history_chunk", "scope": "release", "value": HISTORY_CHUNK, "title_zh": "每条消息携带的轨迹数"},
)
