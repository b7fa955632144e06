"""A command as phases of the substrate contract: its pack and artefacts verified below the pinned root, then each phase.

What was verified once and is named by a digest that control signed needs no network the second time: going back works
while control is away and while metadata is expired.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from yiwang.adapters.release_folder import file_sha256, read_manifest
from yiwang.adapters.signing import TrustClient
from yiwang.agent.journal import write_whole
from yiwang.errors import NotReady, Refused
from yiwang.model.command import Command, SignedCommand, pack_target
from yiwang.model.release import MANIFEST_NAME, Manifest
from yiwang.model.substrate import Phase
from yiwang.operate.trust import fetch_release
from yiwang.substrates.contract import DesiredState, Substrate

LOCKS = ("hub", "engines", "agent")


@dataclass
class VerifiedSource:
    """Artefacts below the pinned root; what is on disk with the signed digest is taken from there. 已验证来源。"""

    client: TrustClient
    digests: dict[str, str]
    """The manifest digest that control signed, by release."""

    def fetch(self, release: str, target: Path) -> Manifest:
        """Put a release's verified files for this site into a folder."""
        present = self._present(release, target)
        if present is not None:
            return present
        manifest = fetch_release(self.client, release, target, lock=LOCKS[0])
        brought = {item.lock for item in manifest.dependencies}
        for lock in LOCKS[1:]:
            if lock in brought:
                fetch_release(self.client, release, target, lock=lock)
        return manifest

    def _present(self, release: str, target: Path) -> Manifest | None:
        """Return the manifest when every file that the site needs is there as signed."""
        if not (target / MANIFEST_NAME).is_file():
            return None
        try:
            manifest = read_manifest(target)
        except (NotReady, Refused):
            return None
        needed = {path for item in manifest.dependencies if item.lock in LOCKS for path in item.files}
        files = [item for item in manifest.artefacts if item.path in needed | {manifest.wheel().path}]
        whole = all(_holds(target / item.path, item.size, item.sha256) for item in files)
        return manifest if whole and manifest.digest() == self.digests.get(release) else None


def _holds(path: Path, size: int, sha256: str) -> bool:
    return path.is_file() and path.stat().st_size == size and file_sha256(path) == sha256


@dataclass
class ContractInstallation:
    """Brings a site to a command's release by the substrate contract. 按契约安装。"""

    substrate: Substrate
    source: VerifiedSource
    packs: Path
    """Where verified packs stay, by digest."""

    def phases(self, signed: SignedCommand) -> Iterable[tuple[Phase, Callable[[], str]]]:
        """Yield every phase with what runs it; the pack is part of the first one."""
        desired: list[DesiredState] = []
        self.source.digests[signed.command.release] = signed.command.manifest_sha256
        for phase in Phase:
            yield phase, partial(self._run, signed.command, phase, desired)

    def _run(self, command: Command, phase: Phase, desired: list[DesiredState]) -> str:
        if not desired:
            desired.append(DesiredState(command.release, command.manifest_sha256, self.pack(command)))
        return self.substrate.run(desired[0], phase).detail

    def pack(self, command: Command) -> Mapping[str, str]:
        """Return a command's pack, from disk where it was verified before."""
        kept = self.packs / f"{command.pack_sha256}.json"
        data = kept.read_bytes() if kept.is_file() else b""
        if hashlib.sha256(data).hexdigest() != command.pack_sha256:
            data = self.source.client.session().read(pack_target(command.site, command.pack_sha256))
            self._check(command, data)
            self.packs.mkdir(parents=True, exist_ok=True)
            write_whole(kept, data)
        files: dict[str, str] = json.loads(data)
        return files

    def _check(self, command: Command, data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() != command.pack_sha256:
            raise Refused(
                rule=f"配置包与指令不符 / the pack of {command.site} is not the one that the command names",
                who="不可越过 / nobody may override", next="yiwang consistency",
            )  # fmt: skip
