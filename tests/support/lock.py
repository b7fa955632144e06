"""Resolve every lock file again: universal, with hashes, without a registry's address (`make lock`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS: dict[str, list[str]] = {
    "dev": ["--all-extras", "--group", "dev"],
    "hub": ["--extra", "services"],
    "agent": ["--extra", "agent"],
    "control": ["--extra", "services", "--extra", "agent", "--extra", "operator"],
    "engines": ["--extra", "embedded"],
    "scan": ["--group", "scan"],
}
APART = frozenset({"scan"})
"""Tools that stand beside the product: their lock holds nothing of it."""


def compile_lock(name: str, arguments: list[str]) -> None:
    """Write requirements/<name>.lock from pyproject.toml; a dev lock exists first and constrains the others."""
    constraint = [] if name == "dev" else ["--constraint", "requirements/dev.lock"]
    command = [
        str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--universal", "--generate-hashes",
        "--no-emit-index-url", "--no-emit-find-links", "--python-version", "3.11",
        "--custom-compile-command", "make lock",
        *constraint, *arguments, *([] if name in APART else ["pyproject.toml"]), "--output-file", f"requirements/{name}.lock",
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> None:
    """Compile all locks in order."""
    for name, arguments in LOCKS.items():
        print(f"requirements/{name}.lock", file=sys.stderr)
        compile_lock(name, arguments)


if __name__ == "__main__":
    main()
