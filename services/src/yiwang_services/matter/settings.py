"""The service's own settings: plain data, each with its scope."""

from __future__ import annotations

from typing import Final

MATTERS_PACK: Final = "matters-starter"
"""Folder of the content pack with the matters of the release."""

SETTINGS: Final = ({"name": "matters_pack", "scope": "release", "value": MATTERS_PACK, "title_zh": "事项内容包"},)
