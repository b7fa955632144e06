"""How commands speak: data on stdout, talk on stderr, tables that fit the terminal, and the same as JSON.

A command hands over plain data and a table; which of the two is printed is decided here, in one place.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from yiwang.errors import ExitCode

NARROWEST = 80

JsonFlag = Annotated[bool, typer.Option("--json", help="以 JSON 输出 / print JSON")]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="工作区目录 / the workspace's folder", show_default=False),
]
YesFlag = Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask")]


def console(*, stderr: bool = False) -> Console:
    """Return a console of the terminal's width, or of 80 columns when there is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream, width=None if stream.isatty() else NARROWEST, soft_wrap=False, highlight=False, markup=False
    )


def say(text: str) -> None:
    """Tell the person something; never part of the data."""
    sys.stderr.write(text + "\n")


def say_next(command: str) -> None:
    """End with the next command."""
    say(f"下一步 next: {command}")


def plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def data(value: Any) -> None:
    """Print a value as JSON on stdout."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, keep: Sequence[int] = (0,)) -> None:
    """Print rows under headings; the columns in `keep` never wrap, the others give way on a narrow terminal."""
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1), collapse_padding=True)
    for index, heading in enumerate(columns):
        drawn.add_column(heading, no_wrap=index in keep, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row))
    console().print(drawn)


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one pair a line, values aligned."""
    drawn = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        drawn.add_row(name, "" if value is None else str(value))
    console().print(drawn)


def finish(code: ExitCode) -> None:
    """End the command with an exit code; nothing happens for OK."""
    if code is not ExitCode.OK:
        raise typer.Exit(int(code))
