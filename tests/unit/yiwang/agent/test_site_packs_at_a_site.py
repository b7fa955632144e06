"""A site pack is what the signed command names, to the last byte, or it is refused by name and nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast

import pytest

from yiwang.agent.installing import ContractInstallation, VerifiedSource
from yiwang.errors import Refused
from yiwang.model.command import Command, pack_bytes, pack_digest
from yiwang.substrates.contract import Substrate

PACK = {"settings.json": '{"schema": 1}\n'}
COMMAND = Command(
    schema=1, site="441721", epoch=1, generation=1, action="apply", release="2026.11.0", manifest_sha256="a" * 64,
    pack_sha256=pack_digest(PACK), issued_at=datetime(2026, 11, 23, tzinfo=UTC),
)  # fmt: skip


@dataclass
class Mirror:
    """A repository that answers with whatever it was given."""

    content: bytes
    asked: list[str] = field(default_factory=list)

    def session(self) -> Self:
        return self

    def read(self, target: str) -> bytes:
        self.asked.append(target)
        return self.content


def installation(mirror: Mirror, packs: Path) -> ContractInstallation:
    source = VerifiedSource(cast("Any", mirror), {})
    return ContractInstallation(cast("Substrate", None), source, packs)


def test_a_tampered_pack_is_refused_by_name_and_not_kept(tmp_path: Path) -> None:
    mirror = Mirror(pack_bytes(PACK).replace(b"1", b"2"))
    with pytest.raises(Refused, match="pack of 441721 is not the one") as refusal:
        installation(mirror, tmp_path / "packs").pack(COMMAND)
    assert refusal.value.next
    assert not (tmp_path / "packs").exists()


def test_a_pack_that_was_changed_on_disk_is_fetched_again(tmp_path: Path) -> None:
    mirror = Mirror(pack_bytes(PACK))
    here = installation(mirror, tmp_path)
    assert here.pack(COMMAND) == PACK
    assert here.pack(COMMAND) == PACK
    assert len(mirror.asked) == 1, "what was verified needs no network the second time"
    (tmp_path / f"{COMMAND.pack_sha256}.json").write_bytes(b"{}")
    assert here.pack(COMMAND) == PACK
    assert len(mirror.asked) == 2
