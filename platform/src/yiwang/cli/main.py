"""The one door for operators: finds the commands, runs one, and turns errors into exit codes.

Commands are found by looking into ``yiwang.cli.commands``, so adding one touches no list. A module there has
``register(app: typer.Typer) -> None``.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import traceback
from pathlib import Path
from tempfile import NamedTemporaryFile

import typer

from yiwang.cli import commands
from yiwang.cli.errors import report
from yiwang.errors import Broken, YiwangError

HELP = "一网 Yiwang: 一处定义，全省一致 / one definition, the same on province, city and county."

INTERRUPTED = 130
"""What a shell reports for a command that was ended by Ctrl-C."""


def build() -> typer.Typer:
    """Return the application with every command found."""
    app = typer.Typer(
        name="yiwang",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
    )
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: module.name):
        importlib.import_module(f"{commands.__name__}.{found.name}").register(app)
    return app


def main(argv: list[str] | None = None) -> None:
    """Run one command and exit with the code that its outcome deserves."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        build()(args=arguments, prog_name="yiwang", standalone_mode=True)
    except YiwangError as error:
        sys.exit(report(error, as_json="--json" in arguments))
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            sys.stderr.write("已中断，可重复执行 / interrupted; repeating the command is safe\n")
        raise
    except Exception as error:  # the last resort: a person gets an id and a next command, not a stack
        sys.exit(report(_defect(error), as_json="--json" in arguments))


def _defect(error: Exception) -> Broken:
    """Wrap an unforeseen error as a defect of ours; its details go to a file that the next command shows."""
    with NamedTemporaryFile("w", prefix="yiwang-", suffix=".log", delete=False, encoding="utf-8") as log:
        traceback.print_exception(error, file=log)
    return Broken(Path(log.name).stem, what=f"{type(error).__name__}: {error}", next=f"cat {log.name}")
