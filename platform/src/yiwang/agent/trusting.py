"""Believes commands: by the control role's keys, as the verified metadata below the pinned root names them.

The loop stays small by reading what TUF has already verified and stored; the verification itself, with its libraries,
runs in a worker. A command by an unknown key makes it look once more, because keys are replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yiwang.errors import Refused
from yiwang.model.command import SignedCommand
from yiwang.model.trust import SigningContext, TrustRole
from yiwang_kit.crypto import HybridPublicKey

TARGETS = "targets.json"


def role_keys(metadata: Path, role: TrustRole) -> list[HybridPublicKey]:
    """Return the keys of a delegated role from verified metadata; none when nothing was verified yet."""
    try:
        delegations: dict[str, Any] = json.loads((metadata / TARGETS).read_text(encoding="utf-8"))["signed"][
            "delegations"
        ]
    except (FileNotFoundError, KeyError):
        return []
    named = [item for item in delegations["roles"] if item["name"] == role.value]
    ids = {keyid for item in named for keyid in item["keyids"]}
    return [HybridPublicKey.from_json(delegations["keys"][keyid]["keyval"]) for keyid in sorted(ids)]


@dataclass(frozen=True)
class CommandVerifier:
    """Verifies commands at a site. 指令校验器。"""

    metadata: Path
    refresh: Callable[[], None]
    """Verify the repository's metadata again, in a process of its own."""

    def verify(self, signed: SignedCommand) -> None:
        """Refuse a command that no key of the control role signed."""
        if self._believes(signed):
            return
        self.refresh()
        if not self._believes(signed):
            number = f"{signed.command.epoch}.{signed.command.generation}"
            raise Refused(
                rule=f"指令 {number} 不是管控签发 / command {number} is not signed by a key of the control role",
                who="不可越过 / nobody may override", next="yiwang control status",
            )  # fmt: skip

    def _believes(self, signed: SignedCommand) -> bool:
        message, halves = signed.command.canonical_bytes(), signed.signature.model_dump()
        keys = role_keys(self.metadata, TrustRole.CONTROL)
        return any(key.verify(message, halves, SigningContext.COMMAND.value) for key in keys)
