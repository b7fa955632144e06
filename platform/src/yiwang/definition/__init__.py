"""THE distribution: every port, version, tier and threshold stands here, once.

Everything else imports it or is emitted from it. A second place for the same number is a defect, and
``tests/architecture/test_stray_constants.py`` looks for it.
"""

from __future__ import annotations

from functools import cache

from yiwang.definition.clouds import CHANNELS, CLOUDS, SUBSTRATES
from yiwang.definition.content import CONTENTS
from yiwang.definition.engines import ADDRESSES, ENGINES, EXCHANGE, HUB, PORTS
from yiwang.definition.rollouts import ROLLOUT_POLICIES
from yiwang.definition.services import SERVICES
from yiwang.definition.settings import SETTINGS
from yiwang.definition.tiers import TIERS
from yiwang.model.distribution import Distribution

__all__ = ["distribution"]


@cache
def distribution() -> Distribution:
    """Return the whole distribution; the value never changes while a process lives."""
    return Distribution(
        name="yiwang",
        title_zh="一网",
        title_en="Yiwang",
        tiers=TIERS,
        services=SERVICES,
        engines=ENGINES,
        ports=PORTS,
        substrates=SUBSTRATES,
        clouds=CLOUDS,
        channels=CHANNELS,
        contents=CONTENTS,
        settings=SETTINGS,
        addresses=ADDRESSES,
        exchange=EXCHANGE,
        hub=HUB,
        rollout_policies=ROLLOUT_POLICIES,
    )
