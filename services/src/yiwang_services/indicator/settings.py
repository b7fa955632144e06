"""The service's own settings: plain data, each with its scope."""

from __future__ import annotations

from typing import Final

INDICATORS_PACK: Final = "indicators-starter"
"""Folder of the content pack with the indicators of the release."""
TIME_ZONE_HOURS: Final = 8
"""Hours before UTC by which days begin: the one time zone of the country."""
KEPT_FRESH: Final = {"day": 14, "week": 9, "month": 13, "quarter": 5, "year": 3}
"""How many periods, the running one included, every run computes again, so that late data is found."""

SETTINGS: Final = (
    {"name": "indicators_pack", "scope": "release", "value": INDICATORS_PACK, "title_zh": "指标内容包"},
    {"name": "time_zone_hours", "scope": "release", "value": TIME_ZONE_HOURS, "title_zh": "时区"},
    {"name": "kept_fresh", "scope": "release", "value": KEPT_FRESH, "title_zh": "每次重算的时段数"},
)
