"""`yiwang preflight`: can this workspace run on this machine? Nothing is changed by asking."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from yiwang.cli import output
from yiwang.errors import ExitCode, NotReady
from yiwang.operate.preflight import VERDICT_TITLES, Finding, Verdict, look, look_anywhere
from yiwang.operate.workspace import find_workspace


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("preflight")(preflight)


def preflight(workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """预检：不改动任何东西 / look whether this machine is ready; nothing is changed."""
    findings = _look(workspace)
    bad = [finding for finding in findings if finding.verdict is Verdict.FAIL]
    if as_json:
        output.data(findings)
    else:
        output.table(
            ("检查 check", "结论 verdict", "说明 detail"),
            ((f"{f.title_zh} {f.title_en}", " ".join(VERDICT_TITLES[f.verdict]), f.detail) for f in findings),
            keep=(1,),
        )
        for finding in bad:
            output.say_next(finding.next)
    output.finish(ExitCode.NOT_READY if bad else ExitCode.OK)


def _look(workspace: Path | None) -> tuple[Finding, ...]:
    """Return the findings about the workspace, or about the machine alone where there is none yet."""
    try:
        found = find_workspace(workspace)
    except NotReady:
        if workspace is not None:
            raise
        return look_anywhere(os.environ)
    return look(found)
