"""A tier is data: what is true of a province, a city, a county and a town stands here and in no `if`."""

from __future__ import annotations

from pydantic import Field

from yiwang.model.declared import Titled


class TierSpec(Titled):
    """One tier of government. 层级。"""

    order: int = Field(ge=0)
    """0 is the top; a parent always has a smaller order than its child."""
    parents: tuple[str, ...]
    """Tiers that a site of this tier may hang under; empty = it is a root."""
    code_digits: tuple[int, ...]
    """How many digits a division code of this tier has."""
    example: str
    """A site of the reference tree that documentation and goldens use."""
