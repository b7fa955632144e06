"""The rollout policies that ship: how carefully, in which order.

A policy is data; a deployment with other habits adds one here and every caller, test and simulator knows it.
"""

from __future__ import annotations

from yiwang.model.rollout import RolloutPolicy, WaveRule

HOUR = 3600

DEFAULT = RolloutPolicy(
    name="default",
    waves=(
        WaveRule(name="twin", title_zh="孪生站", instance="twin", soak_seconds=HOUR, failed_budget=0),
        WaveRule(
            name="pilot-county", title_zh="试点县区", tier="county", limit=1, soak_seconds=4 * HOUR, failed_budget=0
        ),
        WaveRule(name="pilot-city", title_zh="试点市", tier="city", limit=1, soak_seconds=4 * HOUR, failed_budget=0),
        WaveRule(name="province", title_zh="省", tier="province", soak_seconds=4 * HOUR, failed_budget=0),
        WaveRule(name="rest", title_zh="其余站点", soak_seconds=HOUR),
    ),
    parallel=4,
    failed_budget=3,
    unreachable_budget=8,
)

SWIFT = RolloutPolicy(
    name="swift",
    waves=tuple(wave.model_copy(update={"soak_seconds": 3}) for wave in DEFAULT.waves),
    parallel=2,
    failed_budget=0,
    unreachable_budget=1,
    unreachable_seconds=15,
    apply_seconds=300,
    catch_up_seconds=60,
    rollback_seconds=300,
    respect_windows=False,
)

INSTALL = RolloutPolicy(
    name="install",
    waves=(WaveRule(name="first", title_zh="首次安装"),),
    parallel=3,
    failed_budget=2,
    unreachable_budget=2,
    unreachable_seconds=60,
    apply_seconds=900,
    catch_up_seconds=0,
    respect_windows=False,
)

POLICIES: dict[str, RolloutPolicy] = {policy.name: policy for policy in (DEFAULT, SWIFT, INSTALL)}
