"""`yiwang consistency`: who runs what, proven when; anything but "same" ends with exit code 1."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.errors import ExitCode
from yiwang.model.proof import STATE_TITLES, MatrixRow
from yiwang.operate.consistency import all_same
from yiwang.operate.fleet import control_client
from yiwang.operate.workspace import find_workspace

ProveFlag = Annotated[
    bool, typer.Option("--prove", help="先让各站点立即重新证明 / ask every site to prove itself first")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("consistency")(consistency)


def consistency(
    workspace: output.WorkspaceOption = None, prove: ProveFlag = False, as_json: output.JsonFlag = False
) -> None:
    """各站点是否与其应运行的版本一致 / whether every site is proven to run what it should."""
    with control_client(find_workspace(workspace)) as client:
        if prove:
            client.prove()
        answer = client.matrix()
    rows = [MatrixRow.model_validate(row) for row in answer["sites"]]
    if as_json:
        output.data(answer)
    else:
        _print(rows, answer.get("as_of"))
    output.finish(ExitCode.OK if all_same(rows) else ExitCode.PROBLEMS)


def _print(rows: list[MatrixRow], as_of: str | None) -> None:
    """Print the matrix, then the reasons of every row that has any."""
    output.table(("站点 site", "名称", "版本 release", "状态 state", "证明于 proven"), [_line(row) for row in rows])
    for row in rows:
        for detail in row.details:
            output.say(f"{row.site} {row.name}: {detail}")
    output.say(f"截至 as of {as_of}" if as_of else "")
    if not all_same(rows):
        output.say_next("yiwang status")


def _line(row: MatrixRow) -> tuple[str, ...]:
    """Return one site's line."""
    title_zh, title_en = STATE_TITLES[row.state]
    return row.site, row.name, row.release or "—", f"{title_zh} {title_en}", _moment(row.proven_at)


def _moment(moment: datetime | None) -> str:
    """Return a moment in the reader's own time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "—"
