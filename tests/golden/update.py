"""Updates the goldens after a wanted change: `make golden`, then review and commit the diff.

A file or key that vanishes is refused without ``--allow-loss``: coverage must not shrink because an emitter broke.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden.compare import differences, lost
from golden.goldens import FOLDER, committed, emitted


def main(argv: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Write what is emitted now; return 1 when that would lose something that was not allowed to go."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--allow-loss", action="store_true", help="let files and keys vanish")
    arguments = parser.parse_args(argv)
    before, after = committed(folder), emitted()
    gone = lost(before, after)
    if gone and not arguments.allow_loss:
        sys.stderr.write("these would vanish:\n" + "\n".join(f"  {path}" for path in gone) + "\n")
        sys.stderr.write("next: fix the emitter, or: python tests/golden/update.py --allow-loss\n")
        return 1
    write(folder, before, after)
    sys.stdout.write("\n".join(differences(before, after) or ["no change"]) + "\n")
    return 0


def write(folder: Path, before: dict[str, str], after: dict[str, str]) -> None:
    """Make the folder hold exactly what is emitted."""
    for name in before.keys() - after.keys():
        (folder / name).unlink()
    for name, text in after.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
