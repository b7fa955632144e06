"""The hub's settings.json: what one hub process is told, and nothing that it could find out elsewhere."""

from __future__ import annotations

from typing import Any

from yiwang.emit.context import SiteContext
from yiwang.model.distribution import Distribution
from yiwang.model.site import Link, Mode, Site, SiteTree


def services_of(distribution: Distribution, site: Site) -> tuple[str, ...]:
    """Return the services that run at a site, in the distribution's order."""
    chosen = [
        spec.name
        for spec in distribution.services
        if (site.tier in spec.tiers if site.modules == "default" else spec.name in site.modules)
    ]
    return tuple(chosen)


def linked_neighbours(tree: SiteTree, site: Site) -> tuple[Site, ...]:
    """Return the neighbours that a network link leads to: the lower end of a link says what the link is."""
    return tuple(
        other
        for other in tree.neighbours(site.id)
        if other.mode is Mode.DEPLOYED and (site if other.id == site.parent else other).link is Link.LEAF
    )


def exchange_neighbours(tree: SiteTree, site: Site) -> tuple[Site, ...]:
    """Return the neighbours that envelopes go to, over a network link or on a stick."""
    return tuple(other for other in tree.neighbours(site.id) if other.mode is Mode.DEPLOYED)


def hub_settings(distribution: Distribution, site: Site, context: SiteContext) -> dict[str, Any]:
    """Return the content of settings.json."""
    hub, address, paths = distribution.hub, context.addresses[site.id], context.paths
    port = distribution.port("hub")
    return {
        "schema": 1,
        "site": _identity(site, context.tree),
        "release": context.release,
        "demo": context.demo,
        "listen": {"host": address, "port": port},
        "public_url": f"http://{address}:{port}",
        "database": {
            "host": address,
            "port": distribution.port("postgres"),
            "name": hub.database,
            "user": hub.database_user,
            "password_file": str(paths.secret("hub-database")),
        },
        "services": list(services_of(distribution, site)),
        "exchange": {
            "peers": [_peer(distribution, site, other, context) for other in exchange_neighbours(context.tree, site)],
            "identity_dir": str(paths.identity),
            "poll_seconds": distribution.exchange.poll_seconds,
        },
        "secrets_dir": str(paths.secrets),
        "attachments_dir": str(paths.attachments),
        "attachments": {
            "max_bytes": hub.attachment_bytes,
            "quota_bytes": hub.attachment_quota_bytes,
            "locations": hub.attachment_locations,
            "bytes_per_second": hub.attachment_bytes_per_second,
        },
        "fleet_url": context.fleet_url,
        "fleet_audience": hub.fleet_audience,
        "log": {"level": hub.log_level, "format": hub.log_format},
        "rates": {
            "session_per_second": hub.session_per_second,
            "session_burst": hub.session_burst,
            "address_per_second": hub.address_per_second,
            "address_burst": hub.address_burst,
        },
        "threads": hub.threads,
    }


def _identity(site: Site, tree: SiteTree) -> dict[str, Any]:
    """Return who the site is and where it stands."""
    return {
        "id": site.id,
        "code": site.code,
        "name": site.name,
        "name_en": site.name_en or "",
        "tier": site.tier,
        "parent": site.parent,
        "children": [child.id for child in tree.children(site.id)],
        "instance": str(site.instance),
        "ancestors": [above.id for above in tree.ancestors(site.id)],
    }


def _peer(distribution: Distribution, site: Site, other: Site, context: SiteContext) -> dict[str, Any]:
    """Return one link: the hub speaks to its own message server, the leaf connection does the rest; or a stick."""
    is_parent = other.id == site.parent
    link = (site if is_parent else other).link
    beyond = context.tree.ancestors(other.id) if is_parent else context.tree.subtree(other.id)[1:]
    return {
        "site": other.id,
        "name": other.name,
        "relation": "parent" if is_parent else "child",
        "link": str(link),
        "server": f"nats://{context.addresses[site.id]}:{distribution.port('nats')}" if link is Link.LEAF else "",
        "credentials": str(context.paths.nats_credentials(other.id)) if link is Link.LEAF else None,
        "subtree": [reached.id for reached in beyond],
    }
