"""Content packs are named here; version, source and licence stand in each pack's own pack.json and travel with it."""

from __future__ import annotations

from pydantic import Field

from yiwang.model.declared import Titled


class ContentSpec(Titled):
    """A dated, licensed data pack that services load. 内容包。"""

    folder: str = Field(pattern=r"^[a-z]+(-[a-z0-9]+)*$")
    """Folder under services/content, which is `yiwang_content` in the wheel."""
    services: tuple[str, ...]
    """Services that load it."""
