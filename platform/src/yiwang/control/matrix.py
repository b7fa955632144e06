"""The consistency matrix as control shows it: the assignment says what is expected, signed reports say what is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from yiwang.control.kernel import Kernel
from yiwang.definition import distribution
from yiwang.emit.settings import services_of
from yiwang.model.proof import Expected, MatrixRow
from yiwang.model.release import Manifest, release_order
from yiwang.model.site import Mode, Site
from yiwang.model.trust import Statement
from yiwang.operate.consistency import judge, judge_site
from yiwang_kit.errors import NotFound

KIT = "kit"


class Matrix:
    """Judges every site of the tree by its newest report. 一致性矩阵。"""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def rows(self, sites: Iterable[str] | None = None) -> tuple[MatrixRow, ...]:
        """Return one row a site of the tree, or of a part of it, in tree order."""
        wanted = None if sites is None else set(sites)
        tree = self._kernel.ports.tree.load()
        with self._kernel.transaction() as store:
            reports = {site: row.message.report.report for site, row in store.reports().items()}
            held = {site: row.statement.statement for site, row in store.sites().items()}
        expected = [self._expected(site) for site in tree if wanted is None or site.id in wanted]
        now = self._kernel.clock.now()
        return tuple(with_certificate(row, held.get(row.site), now) for row in judge(expected, reports, now))

    def judge(self, site: str) -> MatrixRow:
        """Return the verdict on one site."""
        tree = self._kernel.ports.tree.load()
        if site not in tree:
            raise NotFound(f"站点树中没有 {site} / {site} is not in the site tree")
        with self._kernel.transaction() as store:
            row = store.reports().get(site)
        report = row.message.report.report if row else None
        return judge_site(self._expected(tree[site]), report, self._kernel.clock.now())

    def document(self, sites: Iterable[str] | None = None) -> dict[str, Any]:
        """Return the matrix as the console and the command line read it."""
        rows = self.rows(sites)
        return {
            "as_of": self._kernel.clock.now().isoformat(),
            "release": newest(signed.command.release for signed in self._kernel.commands.values()),
            "sites": [row.model_dump(mode="json") for row in rows],
        }

    def _expected(self, site: Site) -> Expected:
        signed = self._kernel.commands.get(site.id)
        command = signed.command if signed else None
        manifest = self._kernel.manifests.get(command.release) if command else None
        return Expected(
            site=site.id, name=site.name, tier=site.tier, parent=site.parent,
            address=self._kernel.ports.tree.address(site.id), ours=site.mode is Mode.DEPLOYED,
            deployed=command is not None, release=command.release if command else None,
            manifest_sha256=command.manifest_sha256 if command else None,
            pack_sha256=command.pack_sha256 if command else None,
            migrations=_migrations(manifest, site) if manifest else {},
            generation=command.generation if command else 0,
        )  # fmt: skip


def newest(releases: Iterable[str]) -> str | None:
    """Return the latest of some releases by their numbers: 2026.11.10 comes after 2026.11.9."""
    return max(releases, key=release_order, default=None)


def with_certificate(row: MatrixRow, held: Statement | None, now: datetime) -> MatrixRow:
    """Return a row with the end of the site's certificate, and a warning where its renewal is overdue."""
    if held is None:
        return row
    warning = f"证书应已续期，{held.not_after:%Y-%m-%d} 到期 / its certificate should have been renewed, it ends then"
    details = (*row.details, warning) if held.renewal_overdue(now) else row.details
    return row.model_copy(update={"certificate_until": held.not_after, "details": details})


def _migrations(manifest: Manifest, site: Site) -> dict[str, str]:
    """Return the schema heads of what runs at a site; a service that is not deployed there is not missing."""
    here = {KIT, *services_of(distribution(), site)}
    return {schema: head for schema, head in manifest.migrations.items() if schema in here}
