"""Turns orders into signed commands: the pack is published before the command that names it exists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from yiwang.control.kernel import Kernel
from yiwang.control.store import Store
from yiwang.errors import Refused
from yiwang.model.command import Command, SignedCommand
from yiwang.model.release import Manifest
from yiwang_kit.errors import Conflict, NotFound


class Orders:
    """Prepares packs and issues commands. 指令签发。"""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def manifest(self, release: str) -> Manifest:
        """Return a published release's manifest, or refuse."""
        manifest = self._kernel.manifests.get(release)
        if manifest is None:
            raise NotFound(f"发布 {release} 未发布到本管控 / release {release} is not published here",
                           next=f"yiwang release build --version {release}")  # fmt: skip
        return manifest

    def prepare(self, store: Store, release: str, sites: Iterable[str]) -> None:
        """Render, publish and remember the packs of sites for a release, at plan time."""
        wanted = list(sites)
        packs = {site: self._kernel.ports.packs.render(site, release) for site in wanted}
        for site, digest in self._kernel.ports.trust.publish_packs(packs).items():
            store.put_pack(site, release, digest)

    def issue(
        self,
        store: Store,
        *,
        site: str,
        release: str,
        generation: int,
        action: Literal["apply", "revert"],
        rollout: str | None = None,
    ) -> SignedCommand:
        """Sign the command that a site gets at its next poll."""
        pack = store.pack(site, release)
        if pack is None:
            raise Conflict(f"{site} 没有 {release} 的配置包 / no pack of {release} was prepared for {site}",
                           next=f"yiwang rollout plan {release}")  # fmt: skip
        command = Command(
            site=site, epoch=self._kernel.epoch, generation=generation, action=action, release=release,
            manifest_sha256=self.manifest(release).digest(), pack_sha256=pack, rollout=rollout,
            issued_at=self._kernel.clock.now(), schema=1,
        )  # fmt: skip
        signed = self._kernel.ports.trust.sign_command(command)
        store.put_assignment(signed)
        return signed

    def generation(self, site: str) -> int:
        """Return the number of the last command of a site."""
        signed = self._kernel.commands.get(site)
        return signed.command.generation if signed else 0


def refusal(error: Refused) -> Conflict:
    """Return a platform refusal as an HTTP problem."""
    return Conflict(error.rule, next=error.next, who=error.who)
