"""The committed reference is what the definition and the command line say now."""

from __future__ import annotations

from yiwang.cli.main import build
from yiwang.cli.outline import outline
from yiwang.operate import render


def test_the_reference_pages_and_schemas_are_as_emitted() -> None:
    changes = render.check(outline(build()))
    assert [change.path for change in changes] == [], "run: make render, and commit the result"


def test_every_command_says_what_it_does_in_both_languages() -> None:
    commands = outline(build())
    assert commands
    silent = [command.path for command in commands if " / " not in command.help]
    assert silent == []


def test_every_option_says_what_it_means() -> None:
    silent = [f"{c.path} {option.names}" for c in outline(build()) for option in c.options if not option.help]
    assert silent == []
