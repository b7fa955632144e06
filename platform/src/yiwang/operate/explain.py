"""Answers "what is this, and what follows from it?" about a service, a site, a tier, a setting or a division."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from yiwang.definition import distribution
from yiwang.definition.divisions import Division, divisions
from yiwang.definition.wording import DID_YOU_MEAN, EXPECTED, nearest
from yiwang.emit.settings import linked_neighbours, services_of
from yiwang.errors import Refused
from yiwang.model.setting import SCOPE_TITLES
from yiwang.model.site import Site, SiteFile, SiteTree

Facts = dict[str, str]
FEW = 20
"""So many names can be shown instead of a hint."""
LISTED = 40
"""How many divisions a search shows."""


@dataclass(frozen=True)
class Explanation:
    """Answers, each a name and its facts. 说明。"""

    title: str
    facts: Facts
    next: str


def explain_service(name: str | None) -> Explanation:
    """Explain one service, or name them all."""
    specs = {spec.name: spec for spec in distribution().services}
    if name is None:
        listed = {spec.name: f"{spec.title_zh} · {spec.summary_en}" for spec in specs.values()}
        return Explanation("服务 services", listed, "yiwang explain service collaboration")
    spec = specs.get(name) or _unknown("service", name, list(specs))
    facts = {
        "名称 title": spec.title(),
        "用途 summary": f"{spec.summary_zh} {spec.summary_en}",
        "入口 application": spec.app,
        "进程角色 roles": ", ".join(f"serve {role}" for role in spec.roles),
        "层级 tiers": _listed(spec.tiers),
        "依赖 needs": _listed(spec.needs),
        "被依赖 needed by": _listed(tuple(other.name for other in specs.values() if name in other.needs)),
        "内容包 content": _listed(spec.content),
    }
    return Explanation(f"服务 service {name}", facts, "yiwang explain setting services[]")


def explain_tier(name: str | None) -> Explanation:
    """Explain one tier, or name them all."""
    specs = {spec.name: spec for spec in distribution().tiers}
    if name is None:
        listed = {spec.name: f"{spec.title_zh} · 上级 parent: {_listed(spec.parents)}" for spec in specs.values()}
        return Explanation("层级 tiers", listed, "yiwang explain tier county")
    spec = specs.get(name) or _unknown("tier", name, list(specs))
    running = tuple(service.name for service in distribution().services if name in service.tiers)
    facts = {
        "名称 title": spec.title(),
        "上级层级 parents": _listed(spec.parents),
        "下级层级 children": _listed(tuple(other.name for other in specs.values() if name in other.parents)),
        "代码位数 code digits": _listed(tuple(map(str, spec.code_digits))),
        "默认服务 default services": _listed(running),
        "示例 example": spec.example,
    }
    return Explanation(f"层级 tier {name}", facts, f"yiwang explain site {spec.example}")


def explain_site(tree: SiteTree, name: str | None) -> Explanation:
    """Explain one site, or the keys of a site file."""
    if name is None:
        keys = {key: f"{EXPECTED[key]}. {field.description}" for key, field in SiteFile.model_fields.items()}
        return Explanation("站点文件的键 keys of a site file", keys, "yiwang explain site 441721")
    if name not in tree:
        _unknown("site", name, [site.id for site in tree])
    return Explanation(f"站点 site {name}", _site_facts(tree, tree[name]), f"yiwang site list --under {name}")


def _site_facts(tree: SiteTree, site: Site) -> Facts:
    """Return what is declared of a site, and what follows from it."""
    children = tree.children(site.id)
    linked = linked_neighbours(tree, site)
    ours = {
        key: str(value) for key, value in site.model_dump(mode="json").items() if key in ("mode", "instance", "link")
    }
    return {
        "名称 name": site.title(),
        "区划代码 code": ", formerly ".join((site.code, *site.formerly)),
        "层级 tier": site.tier,
        "上级 way up": " › ".join(f"{above.name} {above.id}" for above in tree.ancestors(site.id)) or "–",
        "下级 children": f"{len(children)}",
        "接入 mode": " · ".join(ours.values()),
        "承载 substrate": f"{site.substrate} · {site.cloud}",
        "服务 services": _listed(services_of(distribution(), site)),
        "链路 links": _listed(tuple(other.id for other in linked)),
        "通道 channel": site.channel,
        "变更窗口 windows": _listed(site.windows),
    }


def explain_setting(name: str | None) -> Explanation:
    """Explain one setting of the hub, or count them by scope."""
    specs = {spec.name: spec for spec in distribution().settings}
    if name is None:
        listed = {spec.name: f"{spec.scope} · {spec.title_zh} {spec.title_en}" for spec in specs.values()}
        return Explanation("设置 settings", listed, "yiwang explain setting database.port")
    spec = specs.get(name) or _unknown("setting", name, list(specs))
    facts = {
        "名称 title": f"{spec.title_zh} {spec.title_en}",
        "类型 type": spec.type,
        "范围 scope": f"{spec.scope} ({' '.join(SCOPE_TITLES[spec.scope])})",
    }
    return Explanation(f"设置 setting {name}", facts, "yiwang explain setting")


def explain_division(tree: SiteTree, wanted: str) -> Explanation:
    """Explain one division by its code, or list those whose code begins, or whose name agrees, with what is given."""
    known = divisions()
    if wanted in known:
        return _one_division(tree, known, wanted)
    found = [row for row in known.values() if row.code.startswith(wanted) or wanted in row.name]
    if not found:
        _unknown("division", wanted, [])
    listed = {row.code: f"{row.name} · {row.tier}" for row in found[:LISTED]}
    title = f"区划 divisions: {len(found)}" + (f", {LISTED} shown" if len(found) > LISTED else "")
    return Explanation(title, listed, f"yiwang explain division {found[0].code}")


def _one_division(tree: SiteTree, known: Mapping[str, Division], code: str) -> Explanation:
    """Return what is known of one division."""
    row = known[code]
    sites = tuple(site.id for site in tree if code in (site.code, *site.formerly))
    facts = {
        "名称 name": row.name,
        "层级 tier": row.tier,
        "上级 parent": f"{row.parent} {known[row.parent].name}" if row.parent and row.parent in known else "–",
        "下级 children": str(sum(other.parent == code for other in known.values())),
        "站点 sites": _listed(sites),
    }
    return Explanation(
        f"区划 division {code}", facts, f"yiwang explain site {sites[0]}" if sites else f"yiwang site new {code}"
    )


def _listed(names: tuple[str, ...]) -> str:
    """Return names with commas, or a dash."""
    return ", ".join(names) or "–"


def _unknown(kind: str, name: str, known: list[str]) -> NoReturn:
    """Say that there is no such thing, and what there is."""
    hint = nearest(name, known)
    shown = hint if hint.startswith(DID_YOU_MEAN) or 0 < len(known) <= FEW else ""
    raise Refused(
        rule=f"没有 {name} / there is no {kind} {name}. {shown}".strip(), who="",
        next={"site": "yiwang site list", "division": "yiwang explain division 44"}.get(kind, f"yiwang explain {kind}"),
    )  # fmt: skip
