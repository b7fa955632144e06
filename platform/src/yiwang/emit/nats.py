"""What the message server's configuration is made of.

The configuration itself holds accounts whose keys are made at the site, so it is composed there by the adapter; this
is the part that follows from the definition, and it travels in the signed pack.
"""

from __future__ import annotations

from typing import Any

from yiwang.emit.context import SiteContext
from yiwang.emit.settings import linked_neighbours
from yiwang.model.distribution import Distribution
from yiwang.model.site import Site


def nats_inputs(distribution: Distribution, site: Site, context: SiteContext) -> dict[str, Any]:
    """Return the content of nats.json."""
    limits, address = distribution.exchange, context.addresses[site.id]
    linked = linked_neighbours(context.tree, site)
    children = [other.id for other in linked if other.id != site.parent]
    return {
        "schema": 1,
        "site": site.id,
        "server_name": site.id,
        "listen": {"host": address, "port": distribution.port("nats")},
        "monitor": {"host": address, "port": distribution.port("nats-monitor")},
        "leaf": {"host": address, "port": distribution.port("nats-leaf")} if children else None,
        "remote": _remote(distribution, site, context) if len(children) < len(linked) else None,
        "edges": [
            {"parent": site.parent, "child": site.id} if other.id == site.parent
            else {"parent": site.id, "child": other.id}
            for other in linked
        ],
        "max_payload": limits.nats_max_payload,
        "ping_seconds": limits.nats_ping_seconds,
        "ping_max": limits.nats_ping_max,
        "reconnect_seconds": limits.nats_reconnect_seconds,
    }  # fmt: skip


def _remote(distribution: Distribution, site: Site, context: SiteContext) -> dict[str, Any]:
    """Return where the parent waits for this site's leaf connection."""
    return {
        "parent": site.parent,
        "host": context.addresses[str(site.parent)],
        "port": distribution.port("nats-leaf"),
    }
