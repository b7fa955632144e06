"""A site as processes of one machine: PostgreSQL and NATS from wheels, one hub, kept by a supervisor. No root needed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yiwang.adapters import staging, uv
from yiwang.adapters.engines import engine_drift, install_engine, installed_version
from yiwang.adapters.files import make_folder, read_small, remove_tree, write_atomic, write_json
from yiwang.adapters.hub_probe import HubProbe
from yiwang.adapters.interpreter import running_interpreter
from yiwang.adapters.nats import NatsSite
from yiwang.adapters.postgres import Postgres
from yiwang.adapters.processes import run, runs_replaced_file
from yiwang.adapters.release_folder import read_manifest
from yiwang.definition import distribution
from yiwang.errors import NotReady, Refused, YiwangError
from yiwang.model.command import pack_digest
from yiwang.model.paths import SitePaths
from yiwang.model.proof import DriftKind, FileDrift, LoadedProcess
from yiwang.model.release import Manifest, release_order
from yiwang.model.substrate import Phase
from yiwang.substrates.contract import DesiredState, Proof, ReleaseSource, Say, SiteFacts, Step, StepFailed, StepResult
from yiwang.supervisor import record
from yiwang.supervisor.client import SupervisorClient, SupervisorError
from yiwang_kit import boot

ENGINE_SECONDS, HUB_SECONDS, MIGRATE_SECONDS = 60.0, 60.0, 600.0
HUB, POSTGRES, NATS, AGENT = "hub", "postgres", "nats", "agent"
CURRENT, EXPANDED, INSTALLED = "current.json", "expanded.json", "installed.json"
RUNNING_PHASES = frozenset({Phase.ENGINES, Phase.EXPAND, Phase.SWITCH, Phase.VERIFY, Phase.RETIRE})


def silent(_: str) -> None:
    """Say nothing."""


@dataclass
class ProcessSite:
    """One site on the process substrate. 进程承载的站点。"""

    site: str
    paths: SitePaths
    source: ReleaseSource
    python: str
    """Interpreter for the supervisor, which outlives every release."""
    say: Say = silent
    database_user: str | None = None

    @property
    def supervisor(self) -> SupervisorClient:
        """Return this site's supervisor."""
        return SupervisorClient(self.paths.supervisor, self.paths.runtime / "supervisor.sock")

    @property
    def nats(self) -> NatsSite:
        """Return this site's message server."""
        return NatsSite(self.site, self.paths)

    # Looking ---------------------------------------------------------------------------------------------------------

    def facts(self) -> SiteFacts:
        """Look, change nothing."""
        current = self._current()
        return SiteFacts(
            site=self.site,
            current=current.get("release"),
            installed=tuple(sorted(p.name for p in self.paths.hub.glob("*") if (p / boot.STAGED).is_file())),
            engines=self._engine_versions(),
            running=self._states(),
        )

    def plan(self, desired: DesiredState, facts: SiteFacts) -> tuple[Step, ...]:
        """Return every phase in order, each with its reason."""
        same = facts.current == desired.release and self._current().get("pack") == pack_digest(desired.pack)
        staged = desired.release in facts.installed
        why = "已是目标 / already there" if same else f"{facts.current or '—'} → {desired.release}"
        needed = {Phase.FETCH: not staged, Phase.STAGE: not same, Phase.VERIFY: True}
        return tuple(Step(phase, why, needed.get(phase, not same)) for phase in Phase)

    def _engine_versions(self) -> dict[str, str]:
        """Return the version of every engine that was installed whole."""
        found = {spec.name: installed_version(self.paths.engine(spec.folder)) for spec in distribution().engines}
        return {name: version for name, version in found.items() if version is not None}

    def _current(self) -> dict[str, Any]:
        return read_small(self.paths.hub / CURRENT)

    def _states(self) -> dict[str, str]:
        try:
            return {p["name"]: p["state"] for p in self.supervisor.ask("status")["processes"]}
        except (OSError, SupervisorError):
            return {}

    # Changing --------------------------------------------------------------------------------------------------------

    def run(self, desired: DesiredState, phase: Phase) -> StepResult:
        """Bring one phase to its goal. Raises StepFailed."""
        work: Mapping[Phase, Callable[[DesiredState], str]] = {
            Phase.FETCH: self._fetch, Phase.STAGE: self._stage, Phase.ENGINES: self._engines, Phase.EXPAND: self._expand,
            Phase.SWITCH: self._switch, Phase.VERIFY: self._verify, Phase.RETIRE: self._retire,
        }  # fmt: skip
        try:
            done = work[phase](desired)
        except (SupervisorError, OSError) as error:
            raise StepFailed(phase, str(error), changed=phase in RUNNING_PHASES) from error
        return StepResult(phase, bool(done) and phase is not Phase.VERIFY, done or "已是目标 / already there")

    def _release_folder(self, release: str) -> Path:
        return self.paths.root / "releases" / release

    def _manifest(self, desired: DesiredState) -> Manifest:
        manifest = read_manifest(self._release_folder(desired.release))
        if manifest.digest() != desired.manifest_sha256:
            raise StepFailed(
                Phase.STAGE, f"清单与指令不符 / the manifest of {desired.release} is not the command's", changed=False
            )
        return manifest

    def _fetch(self, desired: DesiredState) -> str:
        folder = self._release_folder(desired.release)
        before = folder.is_dir()
        self.source.fetch(desired.release, make_folder(folder))
        self._manifest(desired)
        return "" if before else f"取得 {desired.release} / fetched"

    def _wheels(self, desired: DesiredState, lock: str) -> list[Path]:
        manifest, folder = self._manifest(desired), self._release_folder(desired.release)
        wanted = manifest.dependency_set(lock, running_interpreter())
        if wanted is None:
            built = ", ".join(interpreter.title() for interpreter in manifest.interpreters())
            raise NotReady(what=f"{desired.release} 不支持此解释器 / was not built for this Python, only for {built}",
                           next="yiwang preflight")  # fmt: skip
        return [folder / path for path in wanted.files]

    def _stage(self, desired: DesiredState) -> str:
        root, release = self.paths.release(desired.release), desired.release
        said = []
        if not self._sound(root, desired):
            wheel = self._manifest(desired).wheel()
            wheels = [self._release_folder(release) / wheel.path, *self._wheels(desired, "hub")]
            remove_tree(root / boot.VENV)
            uv.create(self.paths.venv(release), wheels, digests=self._digests(desired))
            staging.seal(root, release, wheels)
            staging.keep_digest(root, self._staged_note(release))
            write_json(root / INSTALLED, {"manifest": desired.manifest_sha256})
            said.append("安装环境 / installed")
        if self._write_pack(self.paths.pack(release), desired.pack):
            said.append("写入配置包 / wrote the pack")
        return ", ".join(said)

    def _staged_note(self, release: str) -> Path:
        """Return where the agent keeps the digest of a release's staged list, apart from what the list is about."""
        return self.paths.agent / "staged" / f"{release}.json"

    def _digests(self, desired: DesiredState) -> dict[Path, str]:
        """Return the signed digest of every artefact by its place on disk."""
        folder = self._release_folder(desired.release)
        return {folder / item.path: item.sha256 for item in self._manifest(desired).artefacts}

    def _sound(self, root: Path, desired: DesiredState) -> bool:
        """Whether an installation of exactly this release is there, without drift; anything else is installed anew."""
        if read_small(root / INSTALLED).get("manifest") != desired.manifest_sha256:
            return False
        try:
            _, drift = staging.scan(root)
        except (OSError, ValueError, YiwangError):
            return False
        return not drift and not staging.list_drift(root, self._staged_note(desired.release))

    def _write_pack(self, folder: Path, files: Mapping[str, str]) -> bool:
        """Make the pack's folder exactly what was signed; a file that nobody signed has no place in it."""
        if any("/" in name or name.startswith(".") for name in files):
            raise Refused("配置包含非法文件名 / a pack has plain file names only", "", "yiwang consistency")
        changed = [write_atomic(make_folder(folder) / name, text, mode=0o600) for name, text in files.items()]
        strangers = [path for path in folder.iterdir() if path.name not in files]
        for path in strangers:
            remove_tree(path) if path.is_dir() else path.unlink()
        return any(changed) or bool(strangers)

    def _engines(self, desired: DesiredState) -> str:
        fresh = [spec for spec in distribution().engines
                 if install_engine(spec, self._engine_wheel(desired, spec.package), self.paths.engines)]  # fmt: skip
        said = [f"{spec.name} {spec.version}" for spec in fresh]
        for folder in (self.paths.secrets, self.paths.identity):
            make_folder(folder, mode=0o700)
        make_folder(self.paths.attachments)
        if self._postgres(desired).initialise():
            said.append("初始化数据库 / initialised the database")
        self.wire(json.loads(desired.pack["nats.json"]))
        changed = self._apply_table(desired, hub=None)
        for name in self._outdated().keys() - changed:
            self.supervisor.ask("restart", name=name)
            said.append(f"重启 {name} / restarted")
        late = self._await([POSTGRES, NATS], ENGINE_SECONDS)
        if late:
            raise StepFailed(
                Phase.ENGINES, f"未就绪 / not ready: {', '.join(late)}; {self._log_end(late[0])}", changed=True
            )
        if self._postgres(desired).provide(distribution().hub.database, distribution().hub.database_user):
            said.append("建库 / made the hub's database")
        return ", ".join(said)

    def _engine_wheel(self, desired: DesiredState, package: str) -> Path:
        prefix = package.replace("-", "_").lower()
        wheels = [wheel for wheel in self._wheels(desired, "engines") if wheel.name.lower().startswith(f"{prefix}-")]
        if not wheels:
            raise NotReady(
                what=f"{desired.release} 不含 {package} / carries no {package}", next="yiwang release verify"
            )
        return wheels[0]

    def _postgres(self, desired: DesiredState) -> Postgres:
        spec = distribution().engine(POSTGRES)
        settings = json.loads(desired.pack["settings.json"])["database"]
        return Postgres(
            spec=spec, engine=self.paths.engine(spec.folder), data=self.paths.pg, sockets=self.paths.runtime,
            secrets=self.paths.secrets, host=settings["host"], port=settings["port"], user=self.database_user,
        )  # fmt: skip

    def database(self) -> Postgres:
        """Return the database server of the running release's pack. Raises NotReady before anything was installed."""
        release = self._current().get("release")
        path = self.paths.pack(str(release)) / "settings.json"
        if release is None or not path.is_file():
            raise NotReady(what=f"{self.site} 尚未安装 / nothing is installed here", next="yiwang up")
        return self._postgres(DesiredState(release, "", {"settings.json": path.read_text(encoding="utf-8")}))

    def keep_only(self, *names: str) -> None:
        """Run nothing but these engines until the agent executes its next command, which brings everything back."""
        release = str(self._current().get("release"))
        pack = json.loads((self.paths.pack(release) / "processes.json").read_text(encoding="utf-8"))
        table = [process for process in pack["processes"] if process["name"] in names]
        write_json(self.supervisor.table, {"schema": 1, "processes": table})
        if not self.supervisor.start(self.python):
            self.supervisor.ask("apply")
        if left := self.supervisor.wait_gone(timeout=ENGINE_SECONDS):
            raise NotReady(what=f"{self.site}: 未能停止 / still running: {', '.join(left)}", next="yiwang status")

    def wire(self, inputs: Mapping[str, Any]) -> bool:
        """Write the message server's configuration as links and grants are now; let a running server take it up."""
        change = self.nats.write(inputs)
        if change and self._states().get(NATS):
            self.supervisor.ask(change, name=NATS)
        return bool(change)

    def rewire(self) -> bool:
        """Write the message server's configuration again from the running release's pack; False where none runs."""
        release = self._current().get("release")
        path = self.paths.pack(str(release)) / "nats.json"
        return path.is_file() and self.wire(json.loads(path.read_text(encoding="utf-8")))

    def _expand(self, desired: DesiredState) -> str:
        """Migrate, unless a later release has begun to: its schema serves this one too, and only it knows its steps."""
        marker = self.paths.hub / EXPANDED
        newest = read_small(marker).get("release")
        if newest is not None and release_order(desired.release) < release_order(newest):
            return ""
        write_json(marker, {"release": desired.release})
        settings = self.paths.pack(desired.release) / "settings.json"
        words = [*self.hub_command(desired.release), "migrate", "--settings", str(settings)]
        done = run(words, timeout=MIGRATE_SECONDS, cwd=self.paths.root)
        if done.code != 0:
            raise StepFailed(Phase.EXPAND, done.last_words(), changed=True)
        applied = json.loads(done.out.strip().splitlines()[-1])["applied"]
        return f"迁移 / migrated: {', '.join(applied)}" if applied else ""

    def hub_command(self, release: str) -> list[str]:
        """Return the words that run the hub's own program of one release, up to the role."""
        return [f"{self.paths.venv(release)}/bin/python", "-I", "-S", "-B", str(self.paths.boot(release)), "serve"]

    def command(self, role: str, *words: str) -> str:
        """Run `serve <role>` of the running release; return what it printed. Raises NotReady."""
        release = str(self._current().get("release"))
        settings = self.paths.pack(release) / "settings.json"
        done = run([*self.hub_command(release), role, "--settings", str(settings), *words], timeout=MIGRATE_SECONDS)
        if done.code != 0:
            raise NotReady(what=f"{self.site} {role}: {done.last_words()}", next="yiwang status")
        return done.out

    def _switch(self, desired: DesiredState) -> str:
        before = self._current()
        now = {"release": desired.release, "manifest": desired.manifest_sha256, "pack": pack_digest(desired.pack),
               "previous": before.get("release") if before.get("release") != desired.release else before.get("previous")}  # fmt: skip
        changed = self._apply_table(desired, hub=desired.release)
        write_json(self.paths.hub / CURRENT, now)
        if HUB not in changed and not self._runs_what_is_staged(desired.release):
            self.supervisor.ask("restart", name=HUB)
            changed = [*changed, HUB]
        return f"切换 / switched: {', '.join(changed)}" if changed else ""

    def _runs_what_is_staged(self, release: str) -> bool:
        """Whether the running hub loaded what is installed now; after a new installation it did not."""
        report, staged = (
            read_small(self.paths.boot_report(release)),
            read_small(self.paths.release(release) / boot.STAGED),
        )
        if not report or not staged:
            return HUB not in self._states()
        return bool(report.get("tree_digest") == staged.get("tree_digest") and not report.get("drift"))

    def _apply_table(self, desired: DesiredState, *, hub: str | None) -> list[str]:
        """Write the process table: agent, engines of this pack, and the hub of `hub` or the one that runs now."""
        wanted = {p["name"]: p for p in json.loads(desired.pack["processes.json"])["processes"]}
        running = {p["name"]: p for p in self._table()}
        table = [running[AGENT]] if AGENT in running else []
        table += [wanted[POSTGRES], wanted[NATS]]
        if hub is not None:
            table.append(wanted[HUB])
        elif HUB in running:
            table.append(running[HUB])
        write_json(self.supervisor.table, {"schema": 1, "processes": table})
        if self.supervisor.start(self.python):
            return [p["name"] for p in table]
        self.supervisor.renew(self.python)
        return list(self.supervisor.ask("apply")["changed"])

    def _table(self) -> list[dict[str, Any]]:
        if not self.supervisor.table.is_file():
            return []
        return list(json.loads(self.supervisor.table.read_text(encoding="utf-8"))["processes"])

    def _await(self, names: list[str], seconds: float) -> list[str]:
        deadline = time.monotonic() + seconds
        while True:
            states = self._states()
            late = [name for name in names if states.get(name) != "ready"]
            if not late or time.monotonic() > deadline:
                return late
            time.sleep(0.1)

    def _verify(self, desired: DesiredState) -> str:
        deadline = time.monotonic() + HUB_SECONDS
        while True:
            reason = self._unwell(desired)
            if not reason:
                return "健康 / healthy"
            if time.monotonic() > deadline:
                raise StepFailed(Phase.VERIFY, f"{reason}; {self._log_end(HUB)}", changed=True)
            time.sleep(0.2)

    def _unwell(self, desired: DesiredState) -> str:
        """Return why the hub does not yet serve this release, or nothing."""
        url = json.loads(desired.pack["settings.json"])["public_url"]
        ready, reason = HubProbe(url).look()
        if not ready:
            return reason
        serving = HubProbe(url).version()
        return "" if serving == desired.release else f"hub serves {serving}, not {desired.release}"

    def _log_end(self, name: str) -> str:
        path = self.paths.log / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace")[-800:].strip() if path.is_file() else f"no {path}"

    def _retire(self, desired: DesiredState) -> str:
        kept = {desired.release, self._current().get("previous")}
        gone = [p for p in self.paths.hub.glob("20*") if p.name not in kept]
        gone += [p for p in (self.paths.root / "releases").glob("20*") if p.name not in kept]
        for folder in gone:
            remove_tree(folder)
        return f"清理 / removed: {', '.join(sorted({p.name for p in gone}))}" if gone else ""

    def remove(self) -> None:
        """Stop the site and destroy everything of it; the caller asked for the code to be typed."""
        self.supervisor.stop()
        record.end(record.read(self.paths.supervisor))  # of a supervisor that was killed a moment ago
        remove_tree(self.paths.root)
        remove_tree(self.paths.runtime)

    # Proving ---------------------------------------------------------------------------------------------------------

    def prove(self) -> Proof:
        """Hash what is installed and what was loaded."""
        current = self._current()
        release = current.get("release")
        if release is None:
            return Proof(release=None, reasons=("nothing is installed",))
        result, drift = staging.scan(self.paths.release(release))
        pack = {
            p.name: p.read_text(encoding="utf-8") for p in sorted(self.paths.pack(release).glob("*")) if p.is_file()
        }
        healthy, reason = False, "the pack is gone"
        if "settings.json" in pack:
            healthy, reason = HubProbe(json.loads(pack["settings.json"])["public_url"]).look()
        return Proof(
            release=release,
            manifest_sha256=current["manifest"],
            pack_on_disk_sha256=pack_digest(pack),
            tree_digest=result["tree_digest"],
            files=result["files"],
            drift=(
                *drift,
                *staging.list_drift(self.paths.release(release), self._staged_note(release)),
                *self._engine_drift(),
            ),
            processes=self._loaded(release),
            engines=self._engine_versions(),
            migrations=self._migrations(pack),
            contracts=tuple(sorted(read_manifest(self._release_folder(release)).contracts)),
            healthy=healthy,
            reasons=() if healthy else (reason,),
        )

    def _engine_drift(self) -> tuple[FileDrift, ...]:
        """Return every file of the engines that is not what their wheels contained, and processes that run another one."""
        folders = [self.paths.engine(spec.folder) for spec in distribution().engines]
        outdated = self._outdated().items()
        return (
            *(drift for folder in folders for drift in engine_drift(folder)),
            *(
                FileDrift(path=f"process {name}", kind=DriftKind.CHANGED, artefact=f"pid {pid}")
                for name, pid in outdated
            ),
        )

    def _outdated(self) -> dict[str, int]:
        """Return the engines' processes whose program was replaced on disk since they started, with their pids."""
        names = {spec.name for spec in distribution().engines}
        return {name: pid for name, pid in self._pids().items() if name in names and pid and runs_replaced_file(pid)}

    def _pids(self) -> dict[str, int | None]:
        try:
            return {p["name"]: p["pid"] for p in self.supervisor.ask("status")["processes"]}
        except (OSError, SupervisorError):
            return {}

    def _loaded(self, release: str) -> tuple[LoadedProcess, ...]:
        """Return what the hub said that it loaded, beside what the kernel says of its pid; a dead one is not alive."""
        report = read_small(self.paths.boot_report(release))
        return (staging.loaded(HUB, self._pids().get(HUB) or 0, report or None),)

    def _migrations(self, pack: Mapping[str, str]) -> dict[str, str]:
        """Return the schema heads that the database stands at; nothing where it does not answer."""
        if "settings.json" not in pack:
            return {}
        postgres = self._postgres(DesiredState("", "", pack))
        try:
            schemas = postgres.sql(_SCHEMAS, distribution().hub.database).split()
            return {schema: postgres.sql(_HEAD.format(schema), distribution().hub.database) for schema in schemas}
        except YiwangError:
            return {}


_HEAD = "SELECT version_num FROM {}.schema_version"
_SCHEMAS = "SELECT table_schema FROM information_schema.tables WHERE table_name = 'schema_version' ORDER BY 1"
