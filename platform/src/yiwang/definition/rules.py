"""What must be true of a site among the others, one small rule each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from yiwang.definition.divisions import Division
from yiwang.definition.reading import Document
from yiwang.definition.wording import nearest
from yiwang.errors import DefinitionError
from yiwang.model.distribution import Distribution
from yiwang.model.site import Instance, Site, SiteTree


@dataclass(frozen=True)
class Judged:
    """A site and the file that declares it. 待检站点。"""

    site: Site
    document: Document

    def error(self, key: str, expectation: str, found: str, next: str | None = None) -> DefinitionError:
        """Return an error that points at a key of the site's file."""
        return self.document.error((key,), expectation, found=found, next=next)


@dataclass(frozen=True)
class Question:
    """Everything a rule may look at. 检查上下文。"""

    tree: SiteTree
    files: Mapping[str, Judged]
    distribution: Distribution
    divisions: Mapping[str, Division]


Rule = Callable[[Judged, Question], Iterator[DefinitionError]]


def tier_exists(item: Judged, question: Question) -> Iterator[DefinitionError]:
    """The tier is one of the distribution's."""
    tiers = [tier.name for tier in question.distribution.tiers]
    if item.site.tier not in tiers:
        yield item.error("tier", nearest(item.site.tier, tiers), item.site.tier, "yiwang explain tier")


def ground_exists(item: Judged, question: Question) -> Iterator[DefinitionError]:
    """Substrate, cloud and channel are the distribution's, and the substrate stands on that cloud."""
    site, distribution = item.site, question.distribution
    substrates = {spec.name: spec for spec in distribution.substrates}
    channels = [spec.name for spec in distribution.channels]
    if site.channel not in channels:
        yield item.error("channel", nearest(site.channel, channels), site.channel)
    if site.substrate not in substrates:
        yield item.error("substrate", nearest(site.substrate, list(substrates)), site.substrate)
    elif site.cloud not in substrates[site.substrate].clouds:
        clouds = list(substrates[site.substrate].clouds)
        yield item.error("cloud", nearest(site.cloud, clouds), f"{site.cloud} (substrate {site.substrate})")


def modules_exist(item: Judged, question: Question) -> Iterator[DefinitionError]:
    """Services that a site lists exist, stand once, and come with what they need."""
    site, services = item.site, {spec.name: spec for spec in question.distribution.services}
    if site.modules == "default":
        return
    if not site.modules or len(set(site.modules)) != len(site.modules):
        yield item.error(
            "modules", "default 或不重复的服务名 / default, or services without repeats", str(site.modules)
        )
    for name in site.modules:
        if name not in services:
            yield item.error("modules", nearest(name, list(services)), name, "yiwang explain service")
            continue
        missing = [need for need in services[name].needs if need not in site.modules]
        if missing:
            yield item.error("modules", f"同时列出 / list also: {', '.join(missing)}", f"{name} 需要 / needs them")


def parent_fits(item: Judged, question: Question) -> Iterator[DefinitionError]:
    """A site hangs under an existing site of the right tier and the same instance; only a root hangs under none."""
    site = item.site
    specs = {tier.name: tier for tier in question.distribution.tiers}
    allowed = specs[site.tier].parents if site.tier in specs else ()
    if site.parent is None:
        if allowed and site.instance is Instance.MAIN and site.tier in specs:
            yield item.error("parent", f"上级站点 / a parent of tier {' or '.join(allowed)}", "缺少 / missing")
        return
    if site.parent not in question.tree:
        yield item.error(
            "parent", "树中存在的站点 / a site of this tree", f"{site.parent}: 没有此站点 / there is no such site",
            f"yiwang site new {site.parent}",
        )  # fmt: skip
        return
    yield from _parent_ranks(item, question.tree[site.parent], allowed)


def _parent_ranks(item: Judged, parent: Site, allowed: tuple[str, ...]) -> Iterator[DefinitionError]:
    """The parent is of a tier that may stand above, and of the same instance."""
    if parent.tier not in allowed:
        above = " 或 / or ".join(allowed) or "无（根站点不写 parent）/ none: a root has no parent"
        yield item.error("parent", f"{item.site.tier} 的上级层级 / tier above: {above}", f"{parent.id} ({parent.tier})")
    if parent.instance != item.site.instance:
        yield item.error(
            "parent", f"同为 {item.site.instance} 实例 / a parent of instance {item.site.instance}: a rehearsal never "
            "writes into the real thing", f"{parent.id} ({parent.instance})",
        )  # fmt: skip


def no_cycle(item: Judged, question: Question) -> Iterator[DefinitionError]:
    """The way up ends at a root."""
    way = [item.site.id]
    while (parent := question.tree[way[-1]].parent) is not None and parent in question.tree:
        way.append(parent)
        if parent == item.site.id:
            yield item.error(
                "parent", "通向根的上级 / a way up that ends at a root", "环 / a cycle: " + " → ".join(way)
            )
        if parent in way[:-1]:
            return


def code_is_a_division(item: Judged, question: Question) -> Iterator[DefinitionError]:
    """The code is that of a division of this tier, and the parent governs it."""
    site, known = item.site, question.divisions
    if not known:  # the pack is not installed here; the hub refuses what it does not know
        return
    if site.code not in known:
        yield item.error(
            "code", "现行区划代码 / a division code in force", f"{site.code}: 区划包中没有 / not in the division pack",
            f"yiwang explain division {site.code[:4]}",
        )  # fmt: skip
        return
    division = known[site.code]
    if division.tier != site.tier:
        yield item.error("tier", f"{division.name} 是 / is a {division.tier}", site.tier, "yiwang explain tier")
    yield from _parent_governs(item, question, division)


def _parent_governs(item: Judged, question: Question, division: Division) -> Iterator[DefinitionError]:
    """The parent's division lies above the site's."""
    parent, known = item.site.parent, question.divisions
    if parent is None or parent not in question.tree or _governs(question.tree[parent].code, division.code, known):
        return
    above = known[division.parent].name if division.parent and division.parent in known else ""
    expectation = f"{division.name} 的上级 / what governs it: {division.parent} {above}"
    yield item.error("parent", expectation.strip(), f"{parent} {question.tree[parent].name}")


def _governs(above: str, code: str, known: Mapping[str, Division]) -> bool:
    """Whether one division lies above another."""
    parent = known[code].parent
    while parent is not None and parent != above:
        parent = known[parent].parent if parent in known else None
    return parent is not None


def one_site_a_division(item: Judged, question: Question) -> Iterator[DefinitionError]:
    """Two files never stand for the same instance of the same division, not even by an earlier code."""
    site = item.site
    for other in question.tree:
        same = site.code in (other.code, *other.formerly) or other.code in site.formerly
        if other.id < site.id and other.instance == site.instance and same:
            yield item.error(
                "code", "每个区划的每种实例只有一个站点 / one site a division and instance",
                f"{site.code}: 已由此文件声明 / declared already by {question.files[other.id].document.path.name}",
            )  # fmt: skip


def connected_runs_nothing(item: Judged, _question: Question) -> Iterator[DefinitionError]:
    """A connected site is somebody else's platform: nothing of ours can be listed to run there."""
    if item.site.mode == "connected" and item.site.modules != "default":
        yield item.error("modules", "接入站点不部署服务 / a connected site runs none of ours: leave it out",
                         str(item.site.modules))  # fmt: skip


RULES: tuple[Rule, ...] = (
    tier_exists,
    ground_exists,
    modules_exist,
    no_cycle,
    parent_fits,
    code_is_a_division,
    one_site_a_division,
    connected_runs_nothing,
)
