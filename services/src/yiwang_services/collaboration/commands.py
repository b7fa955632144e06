"""What operations do from the command line: invented orders for a demonstration, and their removal."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence

from yiwang_kit.runtime import Runtime
from yiwang_services.collaboration.demonstration import loading
from yiwang_services.collaboration.service import incarnation_of

EXIT_PROBLEM = 1
SEED = 2026


def demonstration(runtime: Runtime, words: Sequence[str]) -> int:
    """Bring the number of invented orders up to `--orders`, or take all of them away with `--remove`; demo roots only."""
    asked = _parser().parse_args(list(words))
    if not runtime.settings.demo:
        print("仅限演示环境 / only under a demo root of trust. Next: yiwang init --profile demo", file=sys.stderr)
        return EXIT_PROBLEM
    started = time.monotonic()
    added = 0 if asked.remove else _load(runtime, asked.orders, asked.seed)
    with runtime.database.transaction(loading.SERVICE) as session:
        removed = loading.remove(session) if asked.remove else 0
        present = loading.present(session)
        if added or removed:
            runtime.audit.record(session, actor="command line", action="collaboration.demonstration",
                                 object_type="site", object_id=runtime.settings.site.id,
                                 detail={"added": added, "removed": removed, "present": present})  # fmt: skip
    answer = {"site": runtime.settings.site.id, "added": added, "removed": removed, "present": present,
              "seconds": round(time.monotonic() - started, 1)}  # fmt: skip
    print(json.dumps(answer))
    return 0


def _load(runtime: Runtime, wanted: int, seed: int) -> int:
    def say(done: int) -> None:
        print(f"{runtime.settings.site.id}: {done} / {wanted}", file=sys.stderr, flush=True)

    return loading.load(runtime, incarnation_of(runtime), wanted, seed, say)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="serve collaboration:demonstration")
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--remove", action="store_true")
    return parser


COMMANDS: dict[str, Callable[[Runtime, Sequence[str]], int]] = {"demonstration": demonstration}
