"""`yiwang render`: write what is emitted from the definition, or check it."""

from __future__ import annotations

from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.cli.outline import outline
from yiwang.errors import ExitCode
from yiwang.operate import render as rendering

CheckFlag = Annotated[bool, typer.Option("--check", help="只比较，不写入 / compare only, write nothing")]
TITLES = {"new": "缺少 new", "changed": "不同 changed", "stale": "多余 stale"}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("render")
    def run(check: CheckFlag = False, as_json: output.JsonFlag = False) -> None:
        """生成参考文档与模式 / write the reference pages and schemas that follow from the definition."""
        commands = outline(app)
        changes = rendering.check(commands) if check else rendering.render(commands)
        if as_json:
            output.data({"written": not check, "changes": changes})
        elif changes:
            output.table(("文件 file", "变化 change"), ((change.path, TITLES[change.kind]) for change in changes))
        if not changes:
            output.say("与定义一致，没有变化 / equal to the definition, nothing to do")
        elif check:
            output.say(f"{len(changes)} 个文件与定义不一致 / files differ from the definition")
            output.say_next("yiwang render")
        output.finish(ExitCode.PROBLEMS if check and changes else ExitCode.OK)
