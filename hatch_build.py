"""Puts the built console page into the wheel when it was built; a wheel without it is still a working hub.

A static ``force-include`` in pyproject.toml would refuse to build as long as ``services/console/dist`` is absent, and
it is absent in every fresh clone: the page is built by ``yiwang release build``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]  # the base class is generic only for its author
    """Adds ``services/console/dist`` as ``yiwang_console/``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the page to a standard wheel; an editable install serves it from the checkout instead."""
        dist = Path(self.root) / "services" / "console" / "dist"
        if version == "standard" and (dist / "index.html").is_file():
            build_data["force_include"][str(dist)] = "yiwang_console"
