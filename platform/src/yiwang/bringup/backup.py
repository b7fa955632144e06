"""`yiwang backup SITE`: a site's data in one file, restored on trial before it is called a backup.

Identity keys and passwords of engines are never in it: a restored site enrols anew and makes its own. This release
encrypts nothing at rest at a site, so there are no data keys to wrap; the file itself holds personal data in the clear.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from yiwang.adapters.backup_file import member_of, write_backup
from yiwang.adapters.files import make_folder, write_json
from yiwang.adapters.free_port import free_port
from yiwang.adapters.postgres import Postgres
from yiwang.adapters.signing import HybridSigner
from yiwang.agent.identity import Identity
from yiwang.bringup.machine import Machine
from yiwang.bringup.steps import Say
from yiwang.definition import distribution
from yiwang.errors import NotReady, Refused
from yiwang.model.backup import (
    ATTACHMENTS_PREFIX,
    BACKUP_SUFFIX,
    DUMP_MEMBER,
    LIVES_MEMBER,
    BackupManifest,
    TableFigures,
)
from yiwang.substrates.process import ProcessSite

SPARE = 2.5
"""Room wanted on the disk, in sizes of the database: the dump, the backup, and the trial's copy."""


@dataclass(frozen=True)
class Backup:
    """A backup that was made. 备份结果。"""

    path: Path
    manifest: BackupManifest
    size: int


def back_up(machine: Machine, site: str, folder: Path | None, say: Say) -> Backup:
    """Make a backup of a site that runs here; the site works on meanwhile. Raises Refused, NotReady."""
    require_here(machine, site)
    running = machine.site(site)
    target_folder = make_folder(folder or machine.workspace.state.root / "backups" / site, mode=0o700)
    require_room(running, target_folder)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=running.paths.root) as scratch:
        dump = Path(scratch) / DUMP_MEMBER
        say(f"{site}: 导出数据库 dumping the database")
        running.database().dump(distribution().hub.database, dump)
        say(f"{site}: 试恢复 restoring it on trial")
        tables = tried(running.database(), dump)
        files = {DUMP_MEMBER: dump, LIVES_MEMBER: lives(running, Path(scratch))} | attachments(
            running.paths.attachments
        )
        manifest = described(running, tables, files)
        path = target_folder / f"{site}-{manifest.incarnation}-{manifest.made_at:%Y%m%dT%H%M%SZ}{BACKUP_SUFFIX}"
        write_backup(path, manifest, files, HybridSigner.load(machine.workspace.operator_key).private)
    # The hub shows the age of its newest backup to monitoring; it learns of it by this note beside its secrets.
    write_json(running.paths.secrets / "last-backup.json", {"at": manifest.made_at.isoformat()}, mode=0o600)
    return Backup(path, manifest, path.stat().st_size)


def require_here(machine: Machine, site: str) -> None:
    """Raise Refused for a site that does not run on this machine."""
    if site not in {item.id for item in machine.sites()}:
        raise Refused(rule=f"{site} 不在本机 / {site} does not run on this machine", who="", next="yiwang site list")


def require_room(site: ProcessSite, folder: Path) -> None:
    """Raise NotReady before anything is written where the disk could not take it."""
    wanted = int(site.database().size(distribution().hub.database) * SPARE)
    for place in (folder, site.paths.root):
        free = shutil.disk_usage(place).free
        if free < wanted:
            mib = 1024 * 1024
            raise NotReady(
                what=f"{place}: 需要 {wanted // mib} MiB，仅剩 {free // mib} MiB / not enough room for a backup",
                next=f"df -h '{place}'; yiwang backup {site.site} --to DIR",
            )


def tried(postgres: Postgres, dump: Path) -> dict[str, TableFigures]:
    """Return the figures of every table in a copy restored from the dump: what was never restored is a hope."""
    hub, roles = distribution().hub, postgres.service_roles()
    port = free_port(postgres.host)
    with postgres.trial(dump, hub.database, hub.database_user, roles=roles, port=port) as copy:
        return copy.figures(hub.database)


def lives(site: ProcessSite, folder: Path) -> Path:
    """Write the site's own statements to a file; they are public."""
    path = folder / LIVES_MEMBER
    known = Identity(site.paths.identity, site.site).lives()
    path.write_text(json.dumps([item.model_dump(mode="json", by_alias=True) for item in known]), encoding="utf-8")
    return path


def attachments(folder: Path) -> dict[str, Path]:
    """Return the site's attachments by their name inside a backup."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {f"{ATTACHMENTS_PREFIX}{path.relative_to(folder)}": path for path in found}


def described(site: ProcessSite, tables: dict[str, TableFigures], files: dict[str, Path]) -> BackupManifest:
    """Return what a backup says of itself."""
    postgres = site.database()
    return BackupManifest(
        schema=1, site=site.site, incarnation=Identity(site.paths.identity, site.site).incarnation(),
        release=str(site.facts().current), made_at=datetime.now(UTC).replace(microsecond=0),
        engine=postgres.spec.version, roles=postgres.service_roles(), tables=tables,
        members=tuple(member_of(path, name) for name, path in files.items()),
    )  # fmt: skip
