"""The service's own settings: plain data, each with its scope."""

from __future__ import annotations

from typing import Final

TOPICS_PACK: Final = "topics-starter"
"""Folder of the content pack with the topics of the release."""
TIME_ZONE_HOURS: Final = 8
"""Hours before UTC by which days begin: the one time zone of the country."""
ROTATION_SECONDS: Final = 20
"""How long a wall page stands where its topic does not say."""
STALE_MINUTES: Final = 150
"""A figure whose data are older is grey: indicators are computed hourly, one run may be missed."""
ALARM_SECONDS: Final = 60
"""Alarms that were judged longer ago are judged again when somebody looks; hourly even where nobody does."""
SERIES_PERIODS: Final = 13
"""How many periods a line shows: a year and the same month before it."""

SETTINGS: Final = (
    {"name": "topics_pack", "scope": "release", "value": TOPICS_PACK, "title_zh": "专题内容包"},
    {"name": "time_zone_hours", "scope": "release", "value": TIME_ZONE_HOURS, "title_zh": "时区"},
    {"name": "rotation_seconds", "scope": "release", "value": ROTATION_SECONDS, "title_zh": "大屏轮播秒数"},
    {"name": "stale_minutes", "scope": "release", "value": STALE_MINUTES, "title_zh": "数据过期分钟数"},
    {"name": "alarm_seconds", "scope": "release", "value": ALARM_SECONDS, "title_zh": "告警重算间隔秒数"},
    {"name": "series_periods", "scope": "release", "value": SERIES_PERIODS, "title_zh": "趋势时段数"},
)
