"""A site's pack: everything that the definition says to one site, for one release. It is signed as a whole."""

from __future__ import annotations

from yiwang.emit import Files, as_json
from yiwang.emit.context import SiteContext
from yiwang.emit.nats import nats_inputs
from yiwang.emit.processes import site_processes
from yiwang.emit.settings import hub_settings
from yiwang.model.distribution import Distribution
from yiwang.model.site import Site

SETTINGS, NATS, PROCESSES = "settings.json", "nats.json", "processes.json"


def site_pack(distribution: Distribution, site: Site, context: SiteContext) -> Files:
    """Return the files of a site's pack."""
    return {
        SETTINGS: as_json(hub_settings(distribution, site, context)),
        NATS: as_json(nats_inputs(distribution, site, context)),
        PROCESSES: as_json(site_processes(distribution, site, context)),
    }
