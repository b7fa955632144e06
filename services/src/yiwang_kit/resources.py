"""What a hub uses of its machine, asked when Prometheus asks: disk, database, memory, processor, newest backup.

A rule over these runs the same on every substrate; where a machine has exporters of its own, they say more.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from yiwang_kit.runtime import Runtime

LAST_BACKUP = "last-backup.json"
"""Written beside the site's secrets by whoever made a backup that was restored on trial: `{"at": <RFC 3339>}`."""
HELP = {
    "kit_disk_free_bytes": "Bytes free where the site keeps its attachments",
    "kit_disk_free_ratio": "The same as a share of the disk",
    "kit_database_up": "1 where the database answers, 0 where it does not",
    "kit_database_bytes": "Size of the hub's database",
    "kit_database_connections": "Connections of the database server in use",
    "kit_database_connections_limit": "Connections that the database server accepts",
    "kit_backup_time_seconds": "Moment of the newest backup that was restored on trial, 0 where there is none",
}
_SIZES = text(
    "SELECT pg_database_size(current_database()) AS size, (SELECT count(*) FROM pg_stat_activity) AS used, "
    "current_setting('max_connections') AS most"
)


class Resources(Collector):
    """Use and saturation of what one hub stands on. 资源指标。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def describe(self) -> Iterable[Any]:
        """Name the metrics without looking."""
        return [GaugeMetricFamily(name, said) for name, said in HELP.items()]

    def collect(self) -> Iterator[Any]:
        """Return the numbers; what can't be read is left out, not made up."""
        found = {**self._disk(), **self._database(), "kit_backup_time_seconds": self._backup()}
        for name, value in found.items():
            yield GaugeMetricFamily(name, HELP[name], value=value)

    def _disk(self) -> dict[str, float]:
        folder = self._runtime.settings.attachments_dir
        existing = next((place for place in (folder, *folder.parents) if place.is_dir()), None) if folder else None
        if existing is None:
            return {}
        usage = shutil.disk_usage(existing)
        return {"kit_disk_free_bytes": float(usage.free), "kit_disk_free_ratio": usage.free / usage.total}

    def _database(self) -> dict[str, float]:
        try:
            with self._runtime.database.transaction() as session:
                row = session.execute(_SIZES).one()
        except SQLAlchemyError:
            return {"kit_database_up": 0.0}
        return {"kit_database_up": 1.0, "kit_database_bytes": float(row.size),
                "kit_database_connections": float(row.used), "kit_database_connections_limit": float(row.most)}  # fmt: skip

    def _backup(self) -> float:
        folder = self._runtime.settings.secrets_dir
        return backup_moment(folder / LAST_BACKUP) if folder else 0.0


def backup_moment(path: Path) -> float:
    """Return when the newest backup was made, in seconds since 1970; 0 where none is known."""
    try:
        return datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["at"]).timestamp()
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def watch(runtime: Runtime) -> None:
    """Register what every hub says of its machine and of its own process."""
    runtime.registry.register(Resources(runtime))
    ProcessCollector(registry=runtime.registry)
