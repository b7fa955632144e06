"""Writes everything that is emitted from the definition into the checkout, or says what differs there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yiwang.definition import distribution
from yiwang.definition.alerts import alerts
from yiwang.definition.dashboards import DASHBOARDS
from yiwang.definition.divisions import CHECKOUT
from yiwang.definition.slos import SLOS
from yiwang.emit import Files
from yiwang.emit.docs import NOTE, CommandDoc, reference_docs
from yiwang.emit.monitoring import FOLDER as MONITORING
from yiwang.emit.monitoring import RUNBOOKS, monitoring_files
from yiwang.emit.schema import schemas
from yiwang.errors import NotReady
from yiwang.operate.validate import reference_tree
from yiwang.operate.writing import Change, compare, write

FOLDER = "docs/reference"


def emitted(commands: Sequence[CommandDoc]) -> Files:
    """Return every committed file that follows from the definition."""
    watched = monitoring_files(alerts(), SLOS, DASHBOARDS)
    return reference_docs(distribution(), reference_tree(), commands) | schemas(distribution()) | watched


def checkout() -> Path:
    """Return the checkout that this program runs from. Raises NotReady when it runs from an installed wheel."""
    if not (CHECKOUT / "pyproject.toml").is_file():
        raise NotReady(
            what="只有源码目录才有生成的页面 / only a checkout holds emitted pages", next="cd <checkout> && make render"
        )
    return CHECKOUT


def check(commands: Sequence[CommandDoc], root: Path | None = None) -> tuple[Change, ...]:
    """Return what differs from the definition; nothing is written."""
    root = checkout() if root is None else root
    return compare(root, emitted(commands), _owned(root))


def render(commands: Sequence[CommandDoc], root: Path | None = None) -> tuple[Change, ...]:
    """Write what differs, and return it."""
    root = checkout() if root is None else root
    changes = check(commands, root)
    write(root, emitted(commands), changes)
    return changes


def _owned(root: Path) -> Files:
    """Return the pages there that carry our mark, and everything under the emitted folders: what is emitted no more goes."""
    pages = [path for folder in (FOLDER, RUNBOOKS) for path in (root / folder).glob("*.md")]
    pages = [path for path in pages if NOTE in path.read_text(encoding="utf-8")]
    watched = [path for path in (root / MONITORING).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in (*pages, *watched)}
