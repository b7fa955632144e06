"""What of this machine can be inspected, and what each probe must know of it: addresses, folders, programs."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from yiwang.adapters.files import read_small
from yiwang.adapters.inspection_journal import InspectionJournal
from yiwang.bringup.machine import Machine
from yiwang.definition import distribution
from yiwang.definition.checks import BODY_DOOR, DEFAULT_PASSWORDS, DICTIONARY, DUTIES_SQL, OPEN_DOORS
from yiwang.definition.divisions import CHECKOUT
from yiwang.model.inspection import Target, TargetKind
from yiwang.model.site import Site
from yiwang.operate.fleet import CONTROL
from yiwang.operate.inspect import Inspected, Inspection
from yiwang.operate.trust import CA_FILE

DATABASE, FOLDER, POSTGRES, GO_MODULE = "hub", "inspections", "postgres", "github.com/nats-io/nats-server/v2"


def inspection(machine: Machine, feed: Path | None = None) -> Inspection:
    """Return what can be inspected here: this machine, its running sites, and what the release depends on."""
    state = machine.workspace.state
    host = Inspected(Target(TargetKind.HOST, socket.gethostname()), {})
    code = Inspected(Target(TargetKind.CODE, "release"), _code(machine, feed))
    here = [site for site in machine.sites() if (state.site(site.id).hub / "current.json").is_file()]
    sites = [Inspected(Target(TargetKind.SITE, site.id), _site(machine, site)) for site in here]
    return Inspection(InspectionJournal(state.root / FOLDER), [host, *sites, code])


def _site(machine: Machine, site: Site) -> dict[str, Any]:
    paths, spec, addresses = machine.workspace.site(site.id), distribution(), machine.addresses()
    running = machine.site(site.id)
    release = str(running.facts().current)
    served = read_small(paths.pack(release) / "settings.json").get("services", [])
    engine = next(engine for engine in spec.engines if engine.name == POSTGRES)
    return {
        "site": site.id, "address": addresses[site.id], "control": addresses[CONTROL],
        "ports": {port.name: port.number for port in spec.ports},
        "authority": str(machine.workspace.trust / CA_FILE), "release_root": str(paths.release(release)),
        "audit": [*running.hub_command(release), "kit:audit-verify", "--settings", str(paths.pack(release) / "settings.json")],
        "secrets": str(paths.secrets), "searched": [str(paths.log), str(paths.pack(release))],
        "psql": str(paths.engine(engine.folder) / engine.bin / "psql"), "database": DATABASE, "superusers": [POSTGRES],
        "services": [f"/api/{name}" for name in served],
        "open_doors": list(OPEN_DOORS), "body_door": BODY_DOOR, "dictionary": list(DICTIONARY),
        "default_passwords": [list(pair) for pair in DEFAULT_PASSWORDS], "duties_sql": DUTIES_SQL,
    }  # fmt: skip


def _code(machine: Machine, feed: Path | None) -> dict[str, Any]:
    """Return the locks of the newest release on this machine, or of the checkout that this program runs from."""
    locks = sorted((machine.workspace.state.root / "releases").glob("*/locks/*.lock"))
    locks = locks or sorted((CHECKOUT / "requirements").glob("*.lock"))
    kept = machine.workspace.state.root / FOLDER / "advisories.json"
    chosen = feed or (kept if kept.is_file() else None)
    nats = next(engine for engine in distribution().engines if engine.name == "nats")
    return {"feed": str(chosen.absolute()) if chosen else "", "locks": [str(lock) for lock in locks],
            "programs": {GO_MODULE: nats.version}}  # fmt: skip
