"""The child's side: a request on standard input, facts or the reason why there are none on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from yiwang.adapters.probes import code, database, host, service
from yiwang.adapters.probes.asking import Unanswered

Probe = Callable[[dict[str, Any]], dict[str, Any]]
PROBES: dict[str, Probe] = {**host.PROBES, **service.PROBES, **database.PROBES, **code.PROBES}


def main() -> int:
    """Run the probe that is asked for."""
    request = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {"facts": PROBES[request["probe"]](request["about"])}
    except Unanswered as error:
        answer = {"error": str(error)}
    except (OSError, UnicodeError, ValueError) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
