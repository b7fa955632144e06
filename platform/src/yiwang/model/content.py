"""Content packs are named here; their bytes are immutable and travel in the wheel."""

from __future__ import annotations

from pydantic import Field

from yiwang.model.declared import Titled


class ContentSpec(Titled):
    """A dated, licensed data pack that services load. 内容包。"""

    folder: str = Field(pattern=r"^[a-z]+(-[a-z0-9]+)*$")
    """Folder under services/content, which is `yiwang_content` in the wheel."""
    services: tuple[str, ...]
    """Services that load it."""
    licence: str
    source: str
