"""One deployment and the tree of all of them.

A site's id never changes: it is the division code at enrolment for the main instance and ``<code>-<instance>``
otherwise, and it is the file's name. A later division code is an attribute. Links exist only between parent and child,
so the tree is also the map of everything that travels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from yiwang.model.declared import Declared
from yiwang.model.trust import SiteId

__all__ = ["DivisionCode", "Instance", "Link", "Mode", "Site", "SiteFile", "SiteId", "SiteTree"]

DivisionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{3}){0,2}$")]
Name = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$", max_length=60)
]
_DAY = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
Window = Annotated[str, StringConstraints(pattern=rf"^{_DAY}(-{_DAY})? {_TIME}-{_TIME}$")]


class Mode(StrEnum):
    """Whether the site runs this distribution. 接入方式。"""

    DEPLOYED = "deployed"
    CONNECTED = "connected"


class Instance(StrEnum):
    """Which of several installations for one division. 实例。"""

    MAIN = "main"
    TWIN = "twin"
    TRAINING = "training"


class Link(StrEnum):
    """How messages reach the parent. 连接方式。"""

    LEAF = "leaf"
    STICK = "stick"


class SiteFile(Declared):
    """What a site file says. 站点文件。"""

    code: DivisionCode
    """Administrative division code 行政区划代码 (GB/T 2260): 6, 9 or 12 digits, in quotes."""
    formerly: tuple[DivisionCode, ...] = ()
    """Earlier codes of the same division; a site keeps its id when its code changes."""
    name: Name
    """Name in Chinese, as the division is called officially."""
    name_en: Name | None = None
    """Name in Latin letters, where it is known for certain."""
    tier: str
    """Tier of the site; see docs/reference/tiers.md."""
    parent: SiteId | None = None
    """Id of the site one tier up; none for a root."""
    mode: Mode = Mode.DEPLOYED
    """`deployed` runs this distribution; `connected` is an existing platform of theirs: contracts and receipts only."""
    instance: Instance = Instance.MAIN
    """`main`, or a `twin` to rehearse on, or `training`."""
    modules: Literal["default"] | tuple[str, ...] = "default"
    """Services that run here; what is not listed is "not deployed here", never "missing"."""
    substrate: str = "process"
    """What the site stands on; see docs/reference/distribution.md."""
    cloud: str = "local"
    """Where its machines come from."""
    link: Link = Link.LEAF
    """`leaf` = a network link to the parent; `stick` = air-gapped, bundles both ways."""
    channel: str = "stable"
    """How early the site takes a release."""
    windows: tuple[Window, ...] = ()
    """When it may be changed, e.g. `Mon-Fri 22:00-06:00`; empty = at any time."""


class Site(SiteFile):
    """One deployment, with the id that never changes. 站点。"""

    id: SiteId

    def title(self) -> str:
        """Return the name for people."""
        return f"{self.name} {self.name_en}" if self.name_en else self.name

    def allowed_ids(self) -> tuple[str, ...]:
        """Return the ids that this declaration may have: by its code now, or by an earlier one."""
        suffix = "" if self.instance is Instance.MAIN else f"-{self.instance}"
        return tuple(f"{code}{suffix}" for code in (self.code, *self.formerly))


_ID = re.compile(r"^[0-9]{6}([0-9]{3}){0,2}(-[a-z]+)?$")


def is_site_id(text: str) -> bool:
    """Whether a text has the form of a site id."""
    return _ID.match(text) is not None


class SiteTree:
    """All sites of one operator, by id; parents come before children. 站点树。"""

    def __init__(self, sites: Iterable[Site]) -> None:
        given = {site.id: site for site in sites}
        self._children: dict[str | None, list[str]] = {}
        for site in sorted(given.values(), key=lambda site: site.id):
            self._children.setdefault(site.parent, []).append(site.id)
        ordered = [*self._walk(None), *sorted(given)]
        self._sites = {site_id: given[site_id] for site_id in dict.fromkeys(ordered)}

    def _walk(self, parent: str | None) -> Iterator[str]:
        """Yield ids below a parent, each before its own children; a cycle hangs under no root and is never entered."""
        for child in self._children.get(parent, ()):
            yield child
            yield from self._walk(child)

    def __iter__(self) -> Iterator[Site]:
        return iter(self._sites.values())

    def __len__(self) -> int:
        return len(self._sites)

    def __contains__(self, site_id: object) -> bool:
        return site_id in self._sites

    def __getitem__(self, site_id: str) -> Site:
        return self._sites[site_id]

    @property
    def sites(self) -> Mapping[str, Site]:
        """Return the sites by id, parents first."""
        return self._sites

    def children(self, site_id: str | None) -> tuple[Site, ...]:
        """Return the sites directly below one; below None are the roots."""
        return tuple(self._sites[child] for child in self._children.get(site_id, ()))

    def ancestors(self, site_id: str) -> tuple[Site, ...]:
        """Return the way from the root down to the site's parent."""
        way: list[Site] = []
        parent = self._sites[site_id].parent
        while parent is not None and parent in self._sites and self._sites[parent] not in way:
            way.append(self._sites[parent])
            parent = self._sites[parent].parent
        return tuple(reversed(way))

    def subtree(self, site_id: str) -> tuple[Site, ...]:
        """Return a site and everything below it, parents first."""
        return (self._sites[site_id], *(self._sites[below] for below in self._walk(site_id)))

    def neighbours(self, site_id: str) -> tuple[Site, ...]:
        """Return parent and children: the only sites that a link may lead to."""
        parent = self._sites[site_id].parent
        above = (self._sites[parent],) if parent is not None and parent in self._sites else ()
        return (*above, *self.children(site_id))
