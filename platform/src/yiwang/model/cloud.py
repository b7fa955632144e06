"""A cloud is data plus one module; the process substrate needs none, and says so by the cloud `local`."""

from __future__ import annotations

from yiwang.model.declared import Titled


class CloudSpec(Titled):
    """Where a site's machines come from. 云。"""

    stack: str | None = None
    """Module path of the stack that makes its resources; None = nothing is made, the machine is there."""
