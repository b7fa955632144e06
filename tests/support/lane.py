"""Run one test lane under its time budget, because a lane that grows quietly is a lane nobody runs.

Usage: ``lane.py NAME SECONDS -- COMMAND…``. The command's own exit code is kept; a lane that passes but takes longer
than its budget (DESIGN §9) fails with exit code 1 and says by how much. ``YIWANG_LANE_SLACK`` multiplies the budget where the
machine is known to be noisy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time


def main(arguments: list[str]) -> int:
    """Run the command, report the time it took against its budget and return the lane's exit code."""
    name, budget, separator, *command = arguments
    if separator != "--" or not command:
        print("usage: lane.py NAME SECONDS -- COMMAND…", file=sys.stderr)
        return 2
    started = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    elapsed, allowed = time.monotonic() - started, float(budget) * float(os.environ.get("YIWANG_LANE_SLACK", "1"))
    print(f"lane {name}: {elapsed:.0f} s of {budget} s", file=sys.stderr)
    if code == 0 and elapsed > allowed:
        print(f"lane {name} is over its budget by {elapsed - allowed:.0f} s", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
