"""The one door for operators: finds the commands, runs one, and turns errors into exit codes.

Commands are found by looking into ``yiwang.cli.commands``, so adding one touches no list. A module there has
``register(app: typer.Typer) -> None``.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import uuid

import typer

from yiwang.cli import commands
from yiwang.cli.errors import report
from yiwang.errors import Broken, ExitCode, YiwangError

HELP = "一网 Yiwang: 一处定义，全省一致 / one definition, the same on province, city and county."


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
    except KeyboardInterrupt:
        sys.exit(report_interrupt())
    except Exception as error:  # the last resort: a person gets an id and a next command, not a stack
        sys.exit(report(_defect(error), as_json="--json" in arguments, cause=error))


def report_interrupt() -> int:
    """Say that the command was interrupted; the shell's convention is 128 + SIGINT."""
    sys.stderr.write("\n已中断，未完成的步骤可重复执行 / interrupted; repeating the command is safe\n")
    return 130


def _defect(error: Exception) -> Broken:
    """Wrap an unforeseen error as a defect of ours."""
    return Broken(uuid.uuid4().hex[:8], what=f"{type(error).__name__}: {error}", next="YIWANG_DEBUG=1 yiwang …")


__all__ = ["ExitCode", "build", "main"]
