"""`yiwang audit SITE`: whether a site's audit trail is what it was."""

from __future__ import annotations

from typing import Annotated

import typer

from yiwang.agent.identity import Identity
from yiwang.bringup.backup import require_here
from yiwang.bringup.machine import Machine
from yiwang.cli import output
from yiwang.errors import ExitCode
from yiwang.operate import trail
from yiwang.operate.workspace import find_workspace

SiteArgument = Annotated[str, typer.Argument(help="站点标识 / a site's id")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit)


def audit(site: SiteArgument, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """核验审计链 / walk a site's audit trail, and through the heads that its parent keeps; exit 1 where it was rewritten."""
    machine = Machine(find_workspace(workspace))
    require_here(machine, site)
    here = {item.id: item for item in machine.sites()}
    above = here[site].parent
    parent = (above, machine.site(above)) if above in here and above is not None else None
    incarnation = Identity(machine.workspace.site(site).identity, site).incarnation()
    found = trail.verify(site, machine.site(site), incarnation, parent)
    if as_json:
        output.data({**found.__dict__, "sound": found.sound})
    else:
        _print(found)
    output.finish(ExitCode.OK if found.sound else ExitCode.PROBLEMS)


def _print(found: trail.Trail) -> None:
    kept = f"{found.heads} ({found.parent})" if found.parent else "上级不在本机 / the parent does not run here"
    output.facts(
        (
            ("站点 site", found.site),
            ("行数 rows", f"{found.rows:,}"),
            ("链头 head", found.head[:16]),
            ("上级留存链头 heads kept above", kept),
        )
    )
    if found.broken:
        output.say(f"断于第 {found.broken['n']} 行 / broken at row {found.broken['n']}: {found.broken['reason']}")
    for stray in found.strays:
        output.say(
            f"第 {stray['n']} 行之前被改写 / rewritten at or before row {stray['n']}: the parent keeps another digest"
        )
    output.say("完整 / sound" if found.sound else "不完整 / not sound")
    if not found.sound:
        output.say_next(f"yiwang backup {found.site}   # 保全证据 keep what is there before anything else")
