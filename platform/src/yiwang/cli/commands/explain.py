"""`yiwang explain service | site | tier | setting [NAME]`."""

from __future__ import annotations

from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.cli.commands.site import tree_of
from yiwang.operate import explain as explaining

NameArgument = Annotated[
    str | None, typer.Argument(help="名称，省略则列出全部 / a name; all without", show_default=False)
]

CodeArgument = Annotated[str, typer.Argument(help="区划代码、其开头或名称 / a code, its beginning, or a name")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="说明一个概念 / explain a service, a site, a tier or a setting")
    group.command("service")(service)
    group.command("site")(site)
    group.command("tier")(tier)
    group.command("setting")(setting)
    group.command("division")(division)
    app.add_typer(group, name="explain")


def service(name: NameArgument = None, as_json: output.JsonFlag = False) -> None:
    """说明服务 / what a service is, where it runs, what it needs."""
    show(explaining.explain_service(name), as_json)


def tier(name: NameArgument = None, as_json: output.JsonFlag = False) -> None:
    """说明层级 / what stands above and below a tier, and what runs there."""
    show(explaining.explain_tier(name), as_json)


def site(name: NameArgument = None, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """说明站点，或站点文件的键 / what is declared of a site and what follows; without a name, the keys of a site file."""
    show(explaining.explain_site(tree_of(workspace, reference=False), name), as_json)


def setting(name: NameArgument = None, as_json: output.JsonFlag = False) -> None:
    """说明设置项 / what a setting of the hub is, and how far it must be equal."""
    show(explaining.explain_setting(name), as_json)


def division(code: CodeArgument, workspace: output.WorkspaceOption = None, as_json: output.JsonFlag = False) -> None:
    """说明行政区划 / a division by its code; or those whose code begins, or whose name agrees, with what is given."""
    show(explaining.explain_division(tree_of(workspace, reference=False), code), as_json)


def show(explanation: explaining.Explanation, as_json: bool) -> None:
    """Print an explanation."""
    if as_json:
        output.data({"title": explanation.title, "facts": explanation.facts})
        return
    output.say(explanation.title)
    output.facts(explanation.facts.items())
    output.say_next(explanation.next)
