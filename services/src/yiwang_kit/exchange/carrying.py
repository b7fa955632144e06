"""Export and import: the same envelopes, acknowledgements and attachments as on a wire, but asked and answered by hand.

Each stick greets, acknowledges and brings what the other side has not acknowledged. So a lost stick costs a journey and
nothing else, and a stick that is read twice finds everything there already.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yiwang_kit.attachments import store as attachments
from yiwang_kit.attachments.files import Damaged, FileStore
from yiwang_kit.audit import Audit
from yiwang_kit.clock import Clock
from yiwang_kit.database import Database
from yiwang_kit.exchange import stick, store
from yiwang_kit.exchange.directory import KeyDirectory
from yiwang_kit.exchange.link import Diverged, Fenced, Link, pack, unpack
from yiwang_kit.exchange.relay import Locks
from yiwang_kit.exchange.signing import NotBelieved
from yiwang_kit.exchange.stick import BATCH, FILE, RETURNED, Member, Stick, StickRefused

FILE_PIECE = 1024**2
WHOLE_STICK = 3 * 1024**3
"""Bytes of a file unless asked otherwise: what every file system takes, FAT32 included."""


@dataclass(frozen=True)
class Written:
    """What was put on sticks for one neighbour. 导出结果。"""

    peer: str
    files: list[str]
    envelopes: int
    attachments: int


@dataclass(frozen=True)
class Taken:
    """What one stick brought. 导入结果。"""

    file: str
    peer: str
    envelopes: int
    known: int
    """Envelopes that were stored before: a stick read twice."""
    attachments: int
    acknowledged: int
    """How far the neighbour has stored what we sent."""
    waiting: int
    """Attachments that are still to come."""


class Courier:
    """Reads and writes the sticks of one site. 介质信使。"""

    def __init__(self, links: Mapping[str, Link], database: Database, directory: KeyDirectory, files: FileStore | None,
                 clock: Clock) -> None:  # fmt: skip
        self._links = {site: link for site, link in links.items() if link.peer.link == "stick"}
        self._database, self._directory, self._files = database, directory, files
        self._clock, self._audit, self._locks = clock, Audit(clock), Locks(database)

    def peers(self) -> list[str]:
        """Return the neighbours that sticks go to."""
        return sorted(self._links)

    def close(self) -> None:
        """Give the locks back."""
        self._locks.close()

    # Export -----------------------------------------------------------------------------------------------------------

    def export(self, peer: str, folder: Path, *, limit: int | None, actor: str) -> Written:
        """Write what a neighbour has not acknowledged, in files of at most `limit` bytes."""
        link = self._link(peer)
        self._alone(peer)
        if limit is not None and limit < stick.SMALLEST:
            raise StickRefused(f"--max-bytes 至少 {stick.SMALLEST} / at least {stick.SMALLEST}",
                               f"yiwang exchange export … --max-bytes {stick.SMALLEST}")  # fmt: skip
        greeting = link.greeting()
        made_at, acked = self._clock.now(), int(greeting.pop("acked"))
        head = {
            "schema": 1, "medium": "stick", "from": link.identity.site, "to": peer, "hello": greeting,
            "incarnation": link.identity.incarnation, "made_at": made_at.isoformat(timespec="seconds"),
            "returned": sorted(link.asked_back()), "wanted": self._wanted(peer),
        }  # fmt: skip
        pages = stick.write(
            folder, lambda part: stick.name_of(link.identity.site, peer, made_at, part), self._brought(link, acked),
            lambda part, follows, more: {**head, "part": part, "more": more, "follows": max(acked, follows)},
            link.identity, limit or WHOLE_STICK,
        )  # fmt: skip
        last = max([acked, *(page.last for page in pages)])
        self._note("exchange.export", actor, peer, {"files": [page.path.name for page in pages], "up_to": last})
        return Written(peer, [str(page.path) for page in pages], last - acked,
                       len({item["digest"] for page in pages for item in page.members if item["kind"] == FILE}))  # fmt: skip

    def _brought(self, link: Link, acked: int) -> Iterator[Member]:
        """Yield what a restored neighbour lost, then our batches, then the attachments that they name."""
        for incarnation, after in sorted(link.asked_back().items()):
            for reply in link.held_after(incarnation, after):
                yield Member(RETURNED, pack(reply))
        for batch in link.batches(acked):
            yield Member(BATCH, pack(batch), last=int(batch["first"]) + len(batch["entries"]) - 1)
        if self._files is not None:
            yield from self._pieces(link.peer.site, self._files)

    def _pieces(self, peer: str, files: FileStore) -> Iterator[Member]:
        with self._database.transaction() as session:
            offered = attachments.undelivered(session, peer)
        for row in offered:
            for offset in range(0, row.size, FILE_PIECE) if files.has(row.digest) else ():
                content = files.read(row.digest, offset, FILE_PIECE)
                yield Member(FILE, content, digest=row.digest, offset=offset)

    def _wanted(self, peer: str) -> list[str]:
        with self._database.transaction() as session:
            return attachments.awaited_digests(session, peer)

    # Import -----------------------------------------------------------------------------------------------------------

    def take(self, path: Path, *, actor: str) -> Taken:
        """Use one file. Raises StickRefused, having changed nothing, where it is not the one to use now."""
        site = next(iter(self._links.values())).identity.site if self._links else ""
        found = stick.read(path, site=site, peers=self.peers(), directory=self._directory)
        peer = str(found.manifest["from"])
        link = self._link(peer)
        self._alone(peer)
        try:
            taken = self._use(link, found, actor)
        except NotBelieved as error:
            raise StickRefused(str(error), "在对端重新导出 / export again at the other side") from error
        except Fenced as error:
            raise StickRefused(
                str(error), "yiwang status   # 本站点须以新一代身份重新接入 / it must enrol again"
            ) from error
        except Diverged as error:
            raise StickRefused(str(error), "保留两侧数据并上报 / keep both databases and report it") from error
        return taken

    def _use(self, link: Link, found: Stick, actor: str) -> Taken:
        peer, manifest = link.peer.site, found.manifest
        before = link.stored(int(manifest["incarnation"]))
        if int(manifest["follows"]) > before:
            raise StickRefused(
                f"本站点存到第 {before} 条，此介质从第 {manifest['follows']} 条之后开始 / envelopes up to {before} are here, "
                f"this stick begins after {manifest['follows']}",
                f"先导入较早的介质（按文件名顺序） / import the earlier one first: yiwang exchange import {link.identity.site} "
                f"--from yiwang-{peer}-to-{link.identity.site}-…{stick.SUFFIX}",
            )
        link.hear(manifest["hello"])
        for _, content in found.members(RETURNED):
            link.take_back(unpack(content)["entries"])
        link.settle_greeting(manifest["hello"], returned=set(manifest["returned"]))
        seen = self._store(link, found)
        files = self._put(peer, found)
        after = link.stored(int(manifest["incarnation"]))
        acked = self._settle_offers(link, manifest["wanted"])
        self._note("exchange.import", actor, peer, {"file": found.path.name, "stored": after, "acknowledged": acked})
        with self._database.transaction() as session:
            waiting, _, _ = attachments.awaited(session, peer)
        return Taken(found.path.name, peer, after - before, seen - (after - before), files, acked, waiting)

    def _store(self, link: Link, found: Stick) -> int:
        seen = 0
        for _, content in found.members(BATCH):
            batch = unpack(content)
            reply = link.receive(batch)
            if reply["reason"]:
                raise NotBelieved(f"与已存账目不衔接 / it does not follow what is stored: {reply['reason']}")
            seen += len(batch["entries"])
        return seen

    def _put(self, peer: str, found: Stick) -> int:
        """Add pieces of awaited files; return how many files became whole."""
        if self._files is None:
            return 0
        whole = 0
        awaited = set(self._wanted(peer))
        for item, content in found.members(FILE):
            if item["digest"] in awaited:
                self._files.append(item["digest"], int(item["offset"]), content)
        for digest in sorted({item["digest"] for item, _ in found.members(FILE)} & awaited):
            whole += self._complete(digest, self._files)
        return whole

    def _complete(self, digest: str, files: FileStore) -> int:
        with self._database.transaction() as session:
            row = attachments.file_row(session, digest)
        if row is None or files.received(digest) < row.size:
            return 0
        try:
            files.complete(digest)
        except Damaged:
            return 0  # it stays awaited, and the next stick of this neighbour brings it again
        with self._database.transaction() as session:
            attachments.arrived(session, digest)
        return 1

    def _settle_offers(self, link: Link, wanted: Sequence[str]) -> int:
        peer = link.peer.site
        with self._database.transaction() as session:
            row = store.peer_row(session, peer)
            acked = int(row.acked) if row else 0
            attachments.delivered(session, peer, acked, link.identity.incarnation, wanted)
            store.set_peer(session, peer, state="paused", since=self._clock.now(), last_error="")
        return acked

    def _link(self, peer: str) -> Link:
        link = self._links.get(peer)
        if link is None:
            known = ", ".join(self.peers()) or "—"
            raise StickRefused(f"{peer} 不经介质相连；经介质的有 / no link by stick leads to {peer}; there are: {known}",
                               "yiwang exchange links SITE")  # fmt: skip
        return link

    def _alone(self, peer: str) -> None:
        if self._locks.take(f"ship:{peer}") is None:
            raise StickRefused(f"{peer} 的链路正由另一进程处理 / another process works on the link to {peer}",
                               "稍后重试 / try again in a moment")  # fmt: skip

    def _note(self, action: str, actor: str, peer: str, detail: Mapping[str, Any]) -> None:
        with self._database.transaction() as session:
            self._audit.record(session, actor=actor, action=action, object_type="link", object_id=peer,
                               detail=json.loads(json.dumps(detail)))  # fmt: skip
