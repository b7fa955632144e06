"""Run two commands beside each other, because one mostly waits: ``beside.py "COMMAND A" "COMMAND B"``.

B's output is shown as it comes, A's at its end; the exit code is the first that is not 0.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile


def main(arguments: list[str]) -> int:
    """Run both to their end and return the worse exit code."""
    first, second = (shlex.split(argument) for argument in arguments)
    with tempfile.TemporaryFile() as said:
        behind = subprocess.Popen(first, stdout=said, stderr=subprocess.STDOUT)
        code = subprocess.run(second, check=False).returncode
        behind_code = behind.wait()
        said.seek(0)
        sys.stdout.write(said.read().decode(errors="replace"))
    return code or behind_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
