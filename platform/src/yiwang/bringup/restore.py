"""`yiwang restore SITE`: a backup's data under a new incarnation, then what was lost since fetched from the neighbours.

A restored database must not speak under numbers that its neighbours know already. So the token for the next incarnation
lies ready before the database is touched: whoever starts the agent after that, this command or `yiwang up` after a power
cut, enrols anew first. Every step may be repeated; a repeat costs one more incarnation and nothing else.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from yiwang.adapters.backup_file import OpenBackup, open_backup
from yiwang.adapters.control_http import ControlClient
from yiwang.adapters.files import remove_tree, write_json
from yiwang.adapters.postgres import Postgres
from yiwang.adapters.signing import HybridSigner, public_halves
from yiwang.agent.bootstrap import Bootstrap, bootstrap
from yiwang.agent.identity import Identity
from yiwang.bringup.backup import require_here
from yiwang.bringup.down import require_typed
from yiwang.bringup.machine import Machine
from yiwang.bringup.steps import Say, Steps
from yiwang.definition import distribution
from yiwang.errors import NotReady, Refused
from yiwang.model.backup import ATTACHMENTS_PREFIX, DUMP_MEMBER, LIVES_MEMBER, differences
from yiwang.model.release import release_order
from yiwang.model.trust import SignedStatement
from yiwang.operate.fleet import control_client
from yiwang.substrates.process import NATS, POSTGRES, ProcessSite

STEPS = 6
DATABASE_SECONDS, PROVEN_SECONDS, LINKED_SECONDS, POLL_SECONDS = 20.0, 300.0, 120.0, 0.5
RECOVERED = "SELECT count(*) FROM kit.inbox WHERE recovered"
LINKS = "SELECT site || ' ' || state || CASE WHEN recovering THEN ' recovering' ELSE '' END FROM kit.exchange_peer ORDER BY 1"


@dataclass(frozen=True)
class Restored:
    """A site that lives again. 恢复结果。"""

    site: str
    incarnation: int
    release: str
    rows: int
    attachments: int
    recovered: int
    """Messages of its own earlier life that neighbours gave back."""
    links: dict[str, str]
    """State of each link, by neighbour."""


@dataclass
class Restore:
    """One restore of a site that runs on this machine. 恢复。"""

    machine: Machine
    site: str
    backup: Path
    say: Say

    def run(self, typed: str) -> Restored:
        """Do every step. Raises Refused, NotReady; nothing was touched before the third step."""
        steps = Steps(STEPS, self.say)
        require_here(self.machine, self.site)
        key = HybridSigner.load(self.machine.workspace.operator_key).private
        with open_backup(self.backup, public_halves(key.public_key())) as opened:
            with steps.step("核对备份 the backup is what it was"):
                self._judge(opened, typed)
            with control_client(self.machine.workspace) as client:
                return self._restore(client, opened, steps)

    @property
    def _here(self) -> ProcessSite:
        return self.machine.site(self.site, self.machine.python())

    def _judge(self, opened: OpenBackup, typed: str) -> None:
        """Refuse another site's backup, a newer schema than what is installed, and a missing confirmation."""
        manifest = opened.manifest
        if manifest.site != self.site:
            raise Refused(rule=f"备份属于 {manifest.site} / the backup is of {manifest.site}, not of {self.site}; "
                          "nothing was touched", who="", next=f"yiwang restore {manifest.site} --from {self.backup}")  # fmt: skip
        require_typed(self.site, typed, next=f"yiwang restore {self.site} --from {self.backup}")
        current = self._here.facts().current
        if current is None:
            raise NotReady(what=f"{self.site} 尚未安装 / nothing is installed here to restore into", next="yiwang up")
        if release_order(manifest.release) > release_order(current):
            raise Refused(rule=f"备份来自更新的发布 {manifest.release}，站点运行 {current} / the backup is of a later release "
                          "than the site runs; a schema is never moved back", who="",
                          next=f"yiwang rollout plan {manifest.release} --site {self.site}")  # fmt: skip

    def _restore(self, client: ControlClient, opened: OpenBackup, steps: Steps) -> Restored:
        with steps.step("新代次令牌 a token for the next incarnation") as note:
            token = client.token(self.site)
            note(f"第 {token['incarnation']} 代 incarnation {token['incarnation']}")
        with steps.step("停止代理与中枢 stop agent and hub") as note:
            self._quiet(token)
            note("仅引擎运行 only the engines run")
        with steps.step("恢复数据库与附件 restore database and attachments") as note:
            attachments = self._put_back(opened, note)
        with steps.step("重新入网、启动并证明 enrol anew, start and prove") as note:
            row = self._start(client, token)
            note(f"{self.site}: {row['state']}, {row['release']}")
        with steps.step("从上下级取回 fetch what was lost from the neighbours") as note:
            links = self._linked()
            recovered = int(self._here.database().sql(RECOVERED, distribution().hub.database))
            note(f"取回 {recovered} 条报文 messages recovered")
        return Restored(
            site=self.site, incarnation=int(token["incarnation"]), release=row["release"], rows=opened.manifest.rows(),
            attachments=attachments, recovered=recovered, links=links,
        )  # fmt: skip

    def _quiet(self, token: Mapping[str, Any]) -> None:
        """Leave the token where the agent looks first, then stop everything that writes."""
        wanted = {"token": token["token"], "incarnation": token["incarnation"]}
        write_json(self._given().desk.token, wanted, mode=0o600)
        self._here.keep_only(POSTGRES, NATS)

    def _given(self) -> Bootstrap:
        root = (self.machine.workspace.trust / "root.json").read_bytes()
        return self.machine.bootstrap(self.site, self.machine.python(), root)

    def _put_back(self, opened: OpenBackup, note: Say) -> int:
        """Replace the database, whole or not at all, and add attachments; return how many there are."""
        hub, manifest = distribution().hub, opened.manifest
        postgres = self._server(note)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=self._here.paths.root) as scratch:
            dump = opened.unpack(DUMP_MEMBER, Path(scratch) / DUMP_MEMBER)
            self._remember(opened.unpack(LIVES_MEMBER, Path(scratch) / LIVES_MEMBER))
            postgres.restore(dump, hub.database, hub.database_user, roles=manifest.roles)
        wrong = differences(dict(manifest.tables), postgres.figures(hub.database))
        if wrong:
            raise NotReady(what=f"恢复后与备份不符 / restored rows differ: {'; '.join(wrong[:5])}",
                           next=f"yiwang restore {self.site} --from another backup")  # fmt: skip
        note(f"{manifest.rows()} 行 rows, {len(manifest.tables)} 张表 tables")
        names = [item.path for item in manifest.members if item.path.startswith(ATTACHMENTS_PREFIX)]
        for name in names:
            opened.unpack(name, self._here.paths.attachments / name.removeprefix(ATTACHMENTS_PREFIX))
        return len(names)

    def _remember(self, statements: Path) -> None:
        """Keep who the site was: on a machine that lost everything, only the backup knows."""
        lives = [SignedStatement.model_validate(item) for item in json.loads(statements.read_bytes())]
        Identity(self._here.paths.identity, self.site).remember(lives)

    def _server(self, note: Say) -> Postgres:
        """Return a running database server; one whose data folder is damaged is set aside and made anew."""
        postgres, hub = self._here.database(), distribution().hub
        try:
            if postgres.initialise():
                note("没有数据目录，已新建 there was no data folder, a new one was made")
            postgres.await_ready(DATABASE_SECONDS)
            postgres.provide(hub.database, hub.database_user)
        except NotReady:
            note(f"数据目录已损坏，移至一旁 the data folder is damaged, set aside: {self._set_aside(postgres)}")
            postgres.initialise()
            self._here.keep_only(POSTGRES, NATS)
            postgres.provide(hub.database, hub.database_user)
        return postgres

    def _set_aside(self, postgres: Postgres) -> Path:
        self._here.keep_only(NATS)
        aside = postgres.data.with_name(f"{postgres.data.name}.damaged")
        remove_tree(aside)
        if postgres.data.exists():
            postgres.data.rename(aside)
        return aside

    def _start(self, client: ControlClient, token: Mapping[str, Any]) -> dict[str, Any]:
        """Start the agent, which enrols; let control command the release again; wait for a proof of the new life."""
        began = datetime.now(UTC)
        bootstrap(self._given(), None)
        self._await(lambda: self._incarnation() >= int(token["incarnation"]), "enrolment")
        client.assign(self.site, str(self._here.facts().current))
        found: list[dict[str, Any]] = []

        def proven() -> bool:
            row = next(item for item in client.status()["sites"] if item["site"] == self.site)
            found[:] = [row]
            return bool(
                row["state"] == "same" and row["proven_at"] and datetime.fromisoformat(row["proven_at"]) >= began
            )

        self._await(proven, "proof")
        return found[0]

    def _incarnation(self) -> int:
        return Identity(self._here.paths.identity, self.site).incarnation()

    def _await(self, holds: Any, what: str) -> None:
        deadline = time.monotonic() + PROVEN_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise NotReady(what=f"{self.site}: {PROVEN_SECONDS:.0f} 秒内没有 {what} / not within the time",
                               next=f"yiwang status; yiwang restore {self.site} --from {self.backup}")  # fmt: skip
            time.sleep(POLL_SECONDS)

    def _linked(self) -> dict[str, str]:
        """Wait until every link is up and nothing is being recovered; return how the links are in the end."""
        deadline = time.monotonic() + LINKED_SECONDS
        while True:
            lines = self._here.database().sql(LINKS, distribution().hub.database).splitlines()
            links = dict(line.split(" ", 1) for line in lines)
            if set(links.values()) <= {"up"} or time.monotonic() > deadline:
                return links
            time.sleep(POLL_SECONDS)
