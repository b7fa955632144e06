"""What operations do with indicators from the command line: compute them now instead of with the next hour."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry

from yiwang_kit.runtime import Runtime
from yiwang_services.indicator import metrics, store
from yiwang_services.indicator.computing import compute
from yiwang_services.indicator.reporting import Reporting


def compute_now(runtime: Runtime, words: Sequence[str]) -> int:
    """Compute every published indicator; print how many values there are and how many came out otherwise."""
    del words
    reporting = Reporting(runtime)
    reporting.register()
    with runtime.database.transaction(store.SERVICE) as session:
        store.load(session, runtime)
    ran = compute(runtime, metrics.make(CollectorRegistry()), reporting)
    print(json.dumps({"computed": ran.computed, "changed": ran.changed, "data_time": ran.data_time.isoformat()}))
    return 0


COMMANDS: dict[str, Callable[[Runtime, Sequence[str]], int]] = {"compute": compute_now}
