"""New keys for a site that runs here: after a revocation, or when somebody may have read the old ones."""

from __future__ import annotations

import time

from yiwang.adapters.files import write_json
from yiwang.agent.desk import Desk
from yiwang.agent.identity import Identity
from yiwang.bringup.backup import require_here
from yiwang.bringup.machine import Machine
from yiwang.errors import NotReady
from yiwang.operate.fleet import control_client

ENROL_SECONDS, POLL_SECONDS = 90.0, 0.3


def re_enrol(machine: Machine, site: str) -> int:
    """Leave a token for the agent, wait until it has enrolled and restart the hub; return the new incarnation."""
    require_here(machine, site)
    running, paths = machine.site(site), machine.workspace.site(site)
    with control_client(machine.workspace) as client:
        token = client.token(site)
    wanted = int(token["incarnation"])
    write_json(Desk(paths.agent).token, {"token": token["token"], "incarnation": wanted}, mode=0o600)
    deadline = time.monotonic() + ENROL_SECONDS
    while Identity(paths.identity, site).incarnation() < wanted:
        if time.monotonic() > deadline:
            raise NotReady(
                what=f"{site}: 代理未在 {ENROL_SECONDS:.0f} 秒内入网 / the agent did not enrol", next="yiwang up"
            )
        time.sleep(POLL_SECONDS)
    running.supervisor.ask("restart", name="hub")  # it signs by the key that it read at its start
    return wanted
