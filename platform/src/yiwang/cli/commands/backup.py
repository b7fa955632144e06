"""`yiwang backup` and `yiwang restore`: one site's data, out and in again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwang.bringup.backup import back_up
from yiwang.bringup.machine import Machine
from yiwang.bringup.restore import Restore, Restored
from yiwang.cli import output
from yiwang.errors import ExitCode
from yiwang.model.backup import ATTACHMENTS_PREFIX
from yiwang.operate.workspace import find_workspace

MIB = 1024 * 1024
SiteArgument = Annotated[str, typer.Argument(help="站点标识 / a site's id")]
ToOption = Annotated[Path | None, typer.Option("--to", help="备份目录 / folder for the backup", show_default=False)]
FromOption = Annotated[Path, typer.Option("--from", help="备份文件 / the backup")]
ConfirmOption = Annotated[
    str | None, typer.Option("--confirm", help="再次输入站点标识 / the id, typed again", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    site: SiteArgument,
    to: ToOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """备份一个站点，并试恢复 / back a site up and restore the copy on trial; the site works on."""
    made = back_up(Machine(find_workspace(workspace)), site, to, output.say)
    if as_json:
        output.data({"path": made.path, "bytes": made.size, "manifest": made.manifest.model_dump(mode="json")})
        return
    manifest = made.manifest
    output.facts(
        (
            ("备份 backup", made.path),
            ("大小 size", f"{made.size / MIB:.1f} MiB"),
            ("发布 release", manifest.release),
            ("代次 incarnation", manifest.incarnation),
            ("数据 rows", f"{manifest.rows():,} in {len(manifest.tables)} 张表 tables"),
            ("附件 attachments", sum(item.path.startswith(ATTACHMENTS_PREFIX) for item in manifest.members)),
        )
    )
    output.say(
        "含个人信息且未加密，请妥善保管 / it holds personal data in the clear: keep it where the site's data may be"
    )
    output.say_next(f"yiwang restore {site} --from {made.path}")


def restore(
    site: SiteArgument,
    source: FromOption,
    confirm: ConfirmOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """以备份替换站点数据，并以新代次重新入网 / replace a site's data by a backup; it lives on as a new incarnation."""
    typed = (
        confirm
        if confirm is not None
        else typer.prompt(f"将以备份替换 {site} 的现有数据，请输入站点代码 / type {site} to replace its data")
    )
    done = Restore(Machine(find_workspace(workspace)), site, source, output.say).run(typed.strip())
    if as_json:
        output.data(done)
    else:
        _print(done)
    if set(done.links.values()) - {"up"}:
        output.finish(ExitCode.PROBLEMS)


def _print(done: Restored) -> None:
    output.facts(
        (
            ("站点 site", done.site),
            ("代次 incarnation", done.incarnation),
            ("发布 release", done.release),
            ("恢复 restored", f"{done.rows:,} 行 rows, {done.attachments} 个附件 attachments"),
            ("取回 recovered", f"{done.recovered} 条报文 messages from the neighbours"),
            *((f"链路 link {peer}", state) for peer, state in done.links.items()),
        )
    )
    output.say_next("yiwang consistency --prove")
