"""`yiwang up`: from nothing to proven sites, or from stopped to running, or nothing at all where all is well.

Every step looks before it acts, so a run that was cut off goes on where it stood, and a second run changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yiwang.adapters.control_http import ControlClient
from yiwang.adapters.files import write_json
from yiwang.adapters.locking import exclusive, exclusive_folder
from yiwang.adapters.repository import Keyring, Repository
from yiwang.agent.bootstrap import bootstrap
from yiwang.bringup import people
from yiwang.bringup.machine import AGENT_LOCK, Machine
from yiwang.bringup.people import Administrator
from yiwang.bringup.steps import Say, Steps
from yiwang.errors import NotReady, Refused
from yiwang.model.release import MANIFEST_NAME, Manifest, release_order
from yiwang.model.trust import TrustRole
from yiwang.operate import journey, release
from yiwang.operate.environments import environment, tidy
from yiwang.operate.fleet import control_client
from yiwang.operate.initialise import initialise
from yiwang.operate.preflight import require_ready
from yiwang.operate.trust import ROOT_FILE
from yiwang.operate.workspace import FILE, Workspace, open_workspace

PROVEN_SECONDS, CONTACT_SECONDS = 300.0, 90.0
POLL_SECONDS = 0.5
JOURNEY_FILE = "journey.json"
ENVIRONMENT_LOCK = "control"
STEPS = 9
SAME, DRIFTED = "same", "drifted"
POLICY, COMPLETED = "install", "completed"
ALL_ROUND, WATCHER = "operator", "leader"


@dataclass
class Result:
    """What `up` did and found. 启动结果。"""

    changed: list[str]
    release: str
    rows: list[dict[str, Any]]
    control_url: str
    administrators: list[Administrator] = field(default_factory=list)
    journey: str | None = None


@dataclass
class Up:
    """One run of `yiwang up`. 启动。"""

    folder: Path
    say: Say
    tree: Path
    """The source tree that the release is built from."""
    _rollout: str | None = None

    def run(self) -> Result:
        """Do every step; a second run at the same time waits for the first."""
        steps = Steps(STEPS, self.say)
        with steps.step("工作区与定义 workspace and definition") as note:
            workspace = self._workspace(note)
        machine = Machine(workspace)
        with exclusive(workspace.state.root / "up.lock"):
            return self._run(machine, steps)

    def _run(self, machine: Machine, steps: Steps) -> Result:
        with steps.step("预检 pre-flight, nothing is changed by it"):
            require_ready(machine.workspace, machine.addresses(), self._ours(machine))
        with steps.step("构建发布 build the release") as note:
            built = self._build(machine, note)
        with steps.step("管控 control") as note:
            self._control(machine, built.folder, note)
        client = control_client(machine.workspace)
        with steps.step("签名与发布 sign and publish") as note:
            self._publish(client, built, note)
        with steps.step("站点代理 one agent a site") as note:
            self._agents(machine, client, built.folder, note)
        with steps.step(f"安装并证明 {built.manifest.release} install and prove") as note:
            rows = self._prove(machine, client, built.manifest, note)
            self._tidy(machine)
        with steps.step("首位管理员 first administrators") as note:
            administrators = self._people(machine, note)
        with steps.step("业务贯通 smoke journey") as note:
            story = self._journey(machine, built.manifest, note)
        return Result(steps.changed, built.manifest.release, rows, machine.control.url, administrators, story)

    # Steps ----------------------------------------------------------------------------------------------------------

    def _workspace(self, note: Say) -> Workspace:
        with exclusive_folder(self.folder):  # two first runs at once make one workspace
            if not (self.folder / FILE).is_file():
                initialise(self.folder, id=workspace_id(self.folder))
                note(f"新建工作区 made the workspace {self.folder}")
        workspace = open_workspace(self.folder)
        workspace.load_tree()
        return workspace

    def _ours(self, machine: Machine) -> set[str]:
        """Return the installations that run already, whose ports are rightly taken."""
        found = {site.id for site in machine.sites() if machine.site(site.id).supervisor.running()}
        return found | ({"control"} if machine.control.supervisor.running() else set())

    def _build(self, machine: Machine, note: Say) -> release.Built:
        out = machine.workspace.state.root / "releases"
        built = release.build(self.tree, out, say=self._tell)
        taken = published(machine).get(built.manifest.release)
        if taken is not None and taken != built.manifest.digest():
            known = published(machine)
            version = next_version(built.manifest.release, known)
            built = release.build(self.tree, out, version=version, enter_from=tuple(known), say=self._tell)
        if not built.reused:
            note(f"{built.manifest.release}: {len(built.manifest.artefacts)} 个产物 artefacts")
        return built

    def _tell(self, text: str) -> None:
        self.say(f"      {text}")

    def _control(self, machine: Machine, folder: Path, note: Say) -> None:
        fresh = machine.workspace.state.root / "environments"
        before = set(fresh.glob("*"))
        python = str(environment(machine.workspace.state, folder, ENVIRONMENT_LOCK))
        if set(fresh.glob("*")) != before:
            note("安装管控环境 installed control's environment")
        machine.prepare_runtime()
        if machine.control.start(python=python, release_folder=folder):
            note(f"管控已启动 control is up at {machine.control.url}")

    def _publish(self, client: ControlClient, built: release.Built, note: Say) -> None:
        known = {item["release"] for item in client.releases()["items"]}
        if built.manifest.release not in known:
            client.publish_release(built.folder)
            note(f"已发布 published {built.manifest.release}")

    def _agents(self, machine: Machine, client: ControlClient, folder: Path, note: Say) -> None:
        python = str(environment(machine.workspace.state, folder, AGENT_LOCK))
        root = (machine.workspace.trust / ROOT_FILE).read_bytes()
        for site in machine.sites():
            given = machine.bootstrap(site.id, python, root)
            token = None if given.enrolled() or given.desk.token.is_file() else client.token(site.id)
            if bootstrap(given, token):
                note(f"{site.id} {site.name}: 代理已启动 agent is up")

    def _prove(self, machine: Machine, client: ControlClient, manifest: Manifest, note: Say) -> list[dict[str, Any]]:
        behind, others = self._to_do(machine, client, manifest.release, note)
        if behind:
            self._roll_out(machine, client, manifest.release, behind, note)
        for site, why in others.items():
            client.assign(site, self._assigned(client)[site])
            note(f"{site}: {why}")
        return self._await_proof(machine, client)

    def _tidy(self, machine: Machine) -> None:
        """Remove environments of releases that nothing here runs any more; not a change of any site."""
        tables = [
            machine.control.supervisor.table,
            *(machine.site(site.id).supervisor.table for site in machine.sites()),
        ]
        for name in tidy(machine.workspace.state, tables):
            self._tell(f"清理旧环境 removed {name}")

    def _assigned(self, client: ControlClient) -> dict[str, str]:
        return {item["site"]: item["release"] for item in client.assignments()["items"]}

    def _to_do(
        self, machine: Machine, client: ControlClient, wanted: str, note: Say
    ) -> tuple[list[str], dict[str, str]]:
        """Return the sites that a rollout must bring to the release, and why others install theirs again."""
        assigned, here = self._assigned(client), machine.sites()
        states = {row["site"]: row["state"] for row in client.status()["sites"]}
        later = [site.id for site in here if site.id in assigned and is_later(assigned[site.id], wanted)]
        for site in later:
            note(f"{site}: 运行更新的发布 {assigned[site]}，保持不变 / runs a later release, left as it is")
        behind = [site.id for site in here if assigned.get(site.id) != wanted and site.id not in later]
        again = {site.id: "修复 heal" for site in here if states.get(site.id) == DRIFTED}
        fresh = {site.parent for site in here if site.id not in assigned}
        again |= {site.id: "新下级 a new child" for site in here if site.id in fresh}
        return behind, {site: why for site, why in again.items() if site not in behind and site in assigned}

    def _roll_out(self, machine: Machine, client: ControlClient, release: str, sites: list[str], note: Say) -> None:
        """Let the rollout core bring sites to the release, all at once: nobody works here yet, or somebody asked for it."""
        self._await_contact(client, sites)
        plan = client.plan(release, policy=POLICY, sites=sites)
        for site, reason in plan["excluded"].items():
            if site in sites:
                holder = client_holder(client, site)
                raise Refused(rule=f"{site}: {reason}", who="推广的操作员 / the rollout's operator",
                              next=f"yiwang rollout status {holder}" if holder else f"yiwang release show {release}")  # fmt: skip
        client.start(plan["id"])
        names = {site.id: site.name for site in machine.sites()}
        note(f"推广 rollout {plan['id']}: {', '.join(f'{site} {names[site]}' for site in sites)} ← {release}")
        self._rollout = plan["id"]

    def _await_contact(self, client: ControlClient, sites: list[str]) -> None:
        """Wait until every site has enrolled: a rollout plans with those that control has heard."""
        deadline = time.monotonic() + CONTACT_SECONDS
        while True:
            heard = {row["site"] for row in client.status()["sites"] if row["seen_at"]}
            silent = [site for site in sites if site not in heard]
            if not silent:
                return
            if time.monotonic() > deadline:
                raise NotReady(what=f"代理没有入网 / no agent enrolled at {', '.join(silent)}", next="yiwang status")
            time.sleep(POLL_SECONDS)

    def _require_going(self, client: ControlClient) -> None:
        """Raise NotReady where the rollout ended otherwise than well, with its own words."""
        if self._rollout is None:
            return
        state = client.rollout(self._rollout)
        if state["finished"] and state["status"] != COMPLETED:
            reasons = [f"{site}: {item['reason']}" for site, item in state["sites"].items() if item["reason"]]
            raise NotReady(what=f"推广{state['status_zh']} / the rollout ended as {state['status_en']}: "
                           f"{state['reason']} {'; '.join(reasons)}", next=f"yiwang rollout status {self._rollout}")  # fmt: skip

    def _await_proof(self, machine: Machine, client: ControlClient) -> list[dict[str, Any]]:
        ours = {site.id for site in machine.sites()}
        deadline, said = time.monotonic() + PROVEN_SECONDS, dict[str, str]()
        while True:
            rows = [row for row in client.status()["sites"] if row["site"] in ours]
            for row in rows:
                now = describe(row)
                if said.get(row["site"]) != now:
                    said[row["site"]] = now
                    self._tell(f"{row['site']} {row['name']}: {now}")
            self._require_going(client)
            if all(row["state"] == SAME for row in rows) and all(self._ready(machine, site) for site in ours):
                return rows
            if time.monotonic() > deadline:
                late = [f"{row['site']} ({describe(row)})" for row in rows if row["state"] != SAME]
                raise NotReady(
                    what=f"站点未被证明 / not proven: {', '.join(late) or 'hub not ready'}", next="yiwang status"
                )
            time.sleep(POLL_SECONDS)

    def _ready(self, machine: Machine, site: str) -> bool:
        states = machine.site(site).facts().running
        return bool(states) and all(state == "ready" for state in states.values())

    def _people(self, machine: Machine, note: Say) -> list[Administrator]:
        made = []
        for site in machine.sites():
            administrator = self._once(machine, site.id)
            if administrator is not None:
                made.append(administrator)
                note(f"{site.id} {site.name}: 已创建管理员 {administrator.login} made the first administrator")
            if machine.workspace.demo and people.demonstration(machine, site.id):
                note(f"{site.id} {site.name}: 已创建演示用户 made demonstration users")
        return made

    def _once(self, machine: Machine, site: str) -> Administrator | None:
        """Ask the hub for its first administrator only until it has one: the question costs a process start."""
        marker = machine.workspace.site(site).secret("administrator-made")
        if marker.is_file():
            return None
        administrator = people.first_administrator(machine, site)
        write_json(marker, {"login": administrator.login if administrator else "known"}, mode=0o600)
        return administrator

    def _journey(self, machine: Machine, manifest: Manifest, note: Say) -> str | None:
        path = machine.workspace.state.root / JOURNEY_FILE
        done = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        pair = county_and_city(machine)
        if pair is None or not machine.workspace.demo or done.get("manifest") == manifest.digest():
            return None
        county, city = pair
        known = people.everybody(machine)
        travelled = journey.run(
            county=people.person(known, county, ALL_ROUND), city=people.person(known, city, ALL_ROUND),
            watchers={site: people.person(known, site, WATCHER) for site in known},
            complaint=journey.complaint(county), say=self._tell,
        )  # fmt: skip
        write_json(path, {"manifest": manifest.digest(), "order": travelled.number})
        note(
            f"{travelled.number}: {travelled.steps} 步 steps, {len(travelled.sites)} 个站点同一轨迹 sites tell one story"
        )
        return travelled.number


def describe(row: dict[str, Any]) -> str:
    """Return one phrase about a site's way: its state, and what its agent does."""
    progress = row.get("progress") or {}
    doing = f"{progress.get('phase', '')} {progress.get('outcome', '')}".strip()
    detail = str(progress.get("detail") or "")[:200] if progress.get("outcome") == "failed" else ""
    return " · ".join(part for part in (row["state"], doing, detail) if part)


def county_and_city(machine: Machine) -> tuple[str, str] | None:
    """Return the first site here whose parent runs here too and has a parent of its own: where the journey goes."""
    here = {site.id: site for site in machine.sites()}
    for site in here.values():
        if site.parent in here and here[site.parent].parent in here:
            return site.id, str(site.parent)
    return None


def workspace_id(folder: Path) -> str:
    """Return a name for the state folder that differs between clones of one machine."""
    return f"demo-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"


def published(machine: Machine) -> dict[str, str]:
    """Return manifest digests by release as the repository of this machine's control names them."""
    repository = Repository(machine.workspace.control().repository, Keyring(machine.workspace.trust / "keys"))
    if not repository.exists():
        return {}
    found = {}
    for path in repository.targets(TrustRole.RELEASES):
        if path.endswith(f"/{MANIFEST_NAME}"):
            manifest = Manifest.model_validate_json(repository.read(TrustRole.RELEASES, path) or b"")
            found[manifest.release] = manifest.digest()
    return found


def next_version(base: str, known: Mapping[str, str]) -> str:
    """Return the next CalVer number above every published release: a release id is never used twice, nor goes back."""
    year, month, number = max([base, *known], key=release_order).split(".")
    return f"{year}.{month}.{int(number) + 1}"


def is_later(release: str, than: str) -> bool:
    """Whether a release comes after another."""
    return release_order(release) > release_order(than)


def client_holder(client: ControlClient, site: str) -> str | None:
    """Return the rollout that holds a site now."""
    return next((row["rollout"] for row in client.status()["sites"] if row["site"] == site), None)
