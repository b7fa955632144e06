"""What a site stands on. The contract has the same phases everywhere; a substrate is named by a string."""

from __future__ import annotations

from enum import StrEnum

from yiwang.model.declared import Titled


class Phase(StrEnum):
    """A phase of a change at a site; every one converges, so a repeat is harmless. 变更阶段。"""

    FETCH = "fetch"
    STAGE = "stage"
    ENGINES = "engines"
    EXPAND = "expand"
    SWITCH = "switch"
    VERIFY = "verify"
    RETIRE = "retire"


class SubstrateSpec(Titled):
    """A kind of ground for a site: processes, hosts, a cluster. 承载方式。"""

    module: str
    """Import string of the substrate's implementation."""
    clouds: tuple[str, ...]
    """Clouds it can stand on."""
