"""`yiwang validate`: judge the site tree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.cli.errors import blocks
from yiwang.errors import ExitCode, NotReady
from yiwang.operate.validate import Validation, reference_folder, validate
from yiwang.operate.workspace import find_workspace

TreeOption = Annotated[
    Path | None, typer.Option("--tree", help="站点文件目录 / folder of site files", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("validate")(run)


def run(tree: TreeOption = None, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """校验站点树 / judge the tree of the workspace, or the reference tree when there is no workspace."""
    judged = validate(tree or _folder(workspace))
    if as_json:
        output.data(
            {
                "folder": judged.folder,
                "sites": judged.sites,
                "tiers": judged.tiers,
                "divisions_checked": judged.divisions_checked,
                "problems": [problem.to_json() for problem in judged.problems],
            }
        )
    else:
        _print(judged)
    output.finish(ExitCode.DEFINITION if judged.problems else ExitCode.OK)


def _folder(workspace: Path | None) -> Path:
    """Return the tree that is meant; without any workspace it is the reference tree."""
    try:
        return find_workspace(workspace).tree
    except NotReady:
        if workspace is not None:
            raise
        return reference_folder()


def _print(judged: Validation) -> None:
    """Say how the tree stands."""
    for problem in judged.problems:
        output.say("\n".join(blocks(problem)) + "\n")
    tiers = ", ".join(f"{name} {count}" for name, count in judged.tiers.items())
    output.facts((("目录 folder", judged.folder), ("站点 sites", f"{judged.sites}: {tiers}")))
    if not judged.divisions_checked:
        output.say("未核对区划代码：缺少区划包 / division codes were not checked: the division pack is not installed")
    if judged.problems:
        output.say(f"发现 {len(judged.problems)} 个问题 / {len(judged.problems)} problems")
        output.say_next(judged.problems[0].next)
    else:
        output.say("站点树有效 / the tree is valid")
