"""How a command line finds control: by the workspace, with the operator's key."""

from __future__ import annotations

import json

from yiwang.adapters.control_http import ControlClient
from yiwang.adapters.signing import HybridSigner
from yiwang.adapters.tls import TlsFiles
from yiwang.definition import distribution
from yiwang.errors import NotReady
from yiwang.operate.trust import CA_FILE
from yiwang.operate.workspace import Workspace

CONTROL, OPERATOR = "control", "operator"


def control_client(workspace: Workspace, *, timeout: float = 60.0) -> ControlClient:
    """Return a client of the workspace's control. Raises NotReady before control was ever started."""
    address = known_addresses(workspace).get(CONTROL)
    if address is None:
        raise NotReady(what="管控尚未启动过 / control was never started here", next="yiwang up")
    if not workspace.operator_key.is_file():
        raise NotReady(what=f"没有操作员密钥 / no operator key at {workspace.operator_key}", next="yiwang init")
    key = HybridSigner.load(workspace.operator_key).private
    url = f"https://{address}:{distribution().port(CONTROL)}"
    return ControlClient(url, OPERATOR, key, timeout=timeout, tls=TlsFiles(workspace.trust / CA_FILE))


def known_addresses(workspace: Workspace) -> dict[str, str]:
    """Return the loopback addresses given out in this state folder, by name."""
    try:
        known: dict[str, str] = json.loads(workspace.state.addresses.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return known
