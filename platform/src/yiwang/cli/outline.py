"""Reads the command line's own structure, for the reference page: what `--help` says, as data.

typer carries its own copy of click, whose classes are no public interface; so nodes are told apart by what they have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from yiwang.emit.docs import CommandDoc, OptionDoc

HIDDEN = frozenset({"--help"})


def outline(app: typer.Typer) -> tuple[CommandDoc, ...]:
    """Return every command with its options, in the order of its path."""
    root = typer.main.get_command(app)
    return tuple(sorted(_commands(root, "yiwang"), key=lambda command: command.path))


def _commands(command: Any, path: str) -> Iterator[CommandDoc]:
    """Yield the commands below one; a group is not a command of its own."""
    children = getattr(command, "commands", None)
    if children is not None:
        for name, child in children.items():
            yield from _commands(child, f"{path} {name}")
        return
    context = command.make_context(path, [], resilient_parsing=True)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    options = tuple(_option(parameter, context) for parameter in command.params)
    summary = " ".join((command.help or "").split())
    yield CommandDoc(path, summary, usage, tuple(option for option in options if option.names not in HIDDEN))


def _option(parameter: Any, context: Any) -> OptionDoc:
    """Return one argument or option."""
    described = getattr(parameter, "help", None) or ""
    if parameter.param_type_name == "argument":
        return OptionDoc(str(parameter.metavar or parameter.name), described, "")
    default = parameter.get_default(context)
    shown = "" if default in (None, "", False) or parameter.required else str(default)
    return OptionDoc(", ".join([*parameter.opts, *parameter.secondary_opts]), described, shown)
