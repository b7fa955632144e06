"""The reference pages: emitted from the definition, so that they can't be out of date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yiwang.definition.checks import checks
from yiwang.definition.wording import EXPECTED
from yiwang.emit import Files
from yiwang.errors import EXIT_TITLES
from yiwang.model.distribution import Distribution
from yiwang.model.setting import SCOPE_TITLES
from yiwang.model.site import SiteFile, SiteTree

NOTE = "<!-- Emitted by `yiwang render`; edit the definition, not this page. 由 `yiwang render` 生成，请修改定义。 -->"

CONTENT = "../../services/content"


@dataclass(frozen=True)
class OptionDoc:
    """One argument or option of a command. 命令选项。"""

    names: str
    help: str
    default: str


@dataclass(frozen=True)
class CommandDoc:
    """One command as the command line knows it. 命令。"""

    path: str
    help: str
    usage: str
    options: tuple[OptionDoc, ...]


def reference_docs(distribution: Distribution, tree: SiteTree, commands: Sequence[CommandDoc]) -> Files:
    """Return every reference page."""
    pages = {
        "distribution": distribution_page(distribution),
        "services": services_page(distribution),
        "tiers": tiers_page(distribution),
        "ports": ports_page(distribution),
        "settings": settings_page(distribution),
        "site-file": site_file_page(),
        "sites": sites_page(tree),
        "exit-codes": exit_codes_page(),
        "checks": checks_page(),
        "cli": cli_page(commands),
    }
    return {f"docs/reference/{name}.md": text for name, text in pages.items()}


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    """Return a cell: one line, with bars that don't end it."""
    return ("" if value is None else str(value)).replace("|", "\\|").replace("\n", " ").strip()


def code(names: Iterable[str]) -> str:
    """Return names as code, or a dash for none."""
    return ", ".join(f"`{name}`" for name in names) or "–"


def page(title: str, *parts: str) -> str:
    """Return a page under its title, marked as emitted."""
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


def distribution_page(distribution: Distribution) -> str:
    """Return the page of engines, substrates, channels, content and limits."""
    engines = ((e.title(), e.version, f"`{e.package}` {e.package_version}", f"`engines/{e.folder}/`")
               for e in distribution.engines)  # fmt: skip
    grounds = ((f"`{s.name}`", s.title(), code(s.clouds)) for s in distribution.substrates)
    channels = ((f"`{c.name}`", c.title()) for c in distribution.channels)
    contents = (
        (f"[`{c.folder}`]({CONTENT}/{c.folder}/README.md)", c.title(), code(c.services)) for c in distribution.contents
    )
    limits = distribution.exchange.model_dump().items()
    described = type(distribution.exchange).model_fields
    addresses = distribution.addresses
    return page(
        "发行版 The distribution",
        "## 引擎 Engines",
        table(("engine", "version", "wheel", "folder"), engines),
        "## 承载方式 Substrates",
        table(("name", "title", "clouds"), grounds),
        "## 通道 Channels",
        table(("name", "title"), channels),
        "## 内容包 Content packs",
        "Source, licence and version stand beside each pack. 来源、许可与版本见各包。",
        table(("folder", "title", "services"), contents),
        "## 层级交换限值 Exchange limits",
        table(("limit", "value", "meaning"), ((f"`{name}`", v, described[name].description) for name, v in limits)),
        "## 地址 Addresses",
        f"Loopback addresses of sites come from `{addresses.network}`, beginning with host number {addresses.first}.",
    )


def services_page(distribution: Distribution) -> str:
    """Return the page of services."""
    parts = []
    for spec in distribution.services:
        rows = (
            ("application 入口", f"`{spec.app}`"),
            ("roles 进程角色", code(spec.roles)),
            ("tiers 层级", code(spec.tiers)),
            ("needs 依赖服务", code(spec.needs)),
            ("content 内容包", code(spec.content)),
        )
        summary = f"{spec.summary_zh} {spec.summary_en}"
        parts += [f"## {spec.title_zh} `{spec.name}`", summary, table(("attribute 属性", "value 值"), rows)]
    return page("服务 Services", *parts)


def checks_page() -> str:
    """Return the page of inspection checks."""
    rows = (
        (
            f"`{c.id}`",
            c.title(),
            c.target.value,
            c.severity.value,
            ", ".join(c.clauses),
            c.every_hours,
            c.safety,
            f"{c.remedy_zh} {c.remedy_en}",
        )
        for c in checks()
    )
    heads = ("check 巡检项", "title", "target 对象", "severity", "clauses 条款", "every hours", "safety", "remedy 整改")
    return page("巡检项 Checks", "Run them: [Inspect the sites](../how-to/inspect-the-sites.md).", table(heads, rows))


def tiers_page(distribution: Distribution) -> str:
    """Return the page of tiers."""
    rows = (
        (f"`{t.name}`", t.title_zh, code(t.parents), "/".join(map(str, t.code_digits)), f"`{t.example}`")
        for t in distribution.tiers
    )
    return page("层级 Tiers", table(("name", "中文", "parents 上级", "digits 代码位数", "example 示例"), rows))


def ports_page(distribution: Distribution) -> str:
    """Return the page of ports."""
    rows = ((p.number, f"`{p.name}`", p.title(), f"`{p.process}`", p.protocol) for p in distribution.ports)
    return page(
        "端口 Ports",
        "Every site listens on a loopback address of its own, so ports are the same everywhere.\n"
        "每个站点使用独立的回环地址，端口处处相同。",
        table(("port", "name", "title", "process", "protocol"), sorted(rows)),
    )


def settings_page(distribution: Distribution) -> str:
    """Return the page of the hub's settings with their scopes."""
    scopes = ((f"`{scope}`", zh, en) for scope, (zh, en) in SCOPE_TITLES.items())
    rows = ((f"`{s.name}`", f"`{s.scope}`", s.type, s.title_zh, s.title_en) for s in distribution.settings)
    return page(
        "设置 Settings of the hub",
        "They stand in `settings.json` of the signed site pack; unknown keys are refused. 未知的键会被拒绝。",
        table(("scope 范围", "中文", "English"), scopes),
        table(("key", "scope", "type", "中文", "English"), rows),
    )


def site_file_page() -> str:
    """Return the page of a site file's keys."""
    rows = (
        (f"`{name}`", "" if field.is_required() else _default(field.get_default()), EXPECTED[name], field.description)
        for name, field in SiteFile.model_fields.items()
    )
    return page(
        "站点文件 The site file",
        "The file's name is the site's id: `<code>.yaml`, or `<code>-<instance>.yaml`; an id never changes. "
        "Editors use [`site.schema.json`](site.schema.json).",
        table(("key", "default", "expected", "meaning"), rows),
    )


def _default(value: object) -> str:
    """Return a default as a site file would say it."""
    return "`[]`" if value == () else "–" if value is None else f"`{value}`"


def sites_page(tree: SiteTree) -> str:
    """Return the page of the reference tree."""
    counts: dict[str, int] = {}
    for site in tree:
        counts[site.tier] = counts.get(site.tier, 0) + 1
    total = ", ".join(f"{tier} {count}" for tier, count in counts.items())
    rows = ((f"`{s.id}`", s.name, s.name_en or "", s.tier, f"`{s.parent}`" if s.parent else "") for s in tree)
    return page(
        "参考站点树 The reference tree",
        f"{len(tree)} sites: {total}. 东莞 and 中山 have no counties; their towns hang under the city.",
        table(("id", "名称", "name", "tier", "parent"), rows),
    )


def exit_codes_page() -> str:
    """Return the page of exit codes."""
    rows = ((int(exit_code), zh, en) for exit_code, (zh, en) in EXIT_TITLES.items())
    return page("退出码 Exit codes", table(("code", "中文", "English"), rows))


def cli_page(commands: Sequence[CommandDoc]) -> str:
    """Return the page of commands."""
    parts = []
    for command in commands:
        parts += [f"## `{command.path}`", command.help, f"```\n{command.usage}\n```"]
        if command.options:
            options = ((code(o.names.split(", ")), o.help, o.default) for o in command.options)
            parts.append(table(("argument", "meaning", "default"), options))
    return page("命令 Commands", "Every command takes `--help`; exit codes: [exit-codes.md](exit-codes.md).", *parts)
