"""Attachments between sites: fetched by digest, in pieces, in a lane of their own that never goes before envelopes.

The one who needs a file asks for it, from the offset that its disk already holds; so a cut link costs one piece. Who has
it gives it only to a neighbour that an envelope offered it to, and only while that neighbour's envelopes are not behind.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from yiwang_kit.attachments import store as files_store
from yiwang_kit.attachments.files import Damaged, FileStore
from yiwang_kit.attachments.records import DIGEST, references
from yiwang_kit.clock import Clock
from yiwang_kit.database import Database
from yiwang_kit.exchange import store
from yiwang_kit.exchange.carrier import LinkDown
from yiwang_kit.exchange.envelope import BATCH_COUNT_LIMIT
from yiwang_kit.exchange.signing import NotBelieved

PIECE = 180 * 1024
"""Bytes of a file in one answer: with base64 and its frame it stays under 256 KiB."""
PAUSE = timedelta(seconds=5)
ABSENT_PAUSE = timedelta(minutes=1)
Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]


def want(session: Session, payload: str, peer: str, now: Any) -> None:
    """Note the files that an envelope from a neighbour names, so that they are fetched from it."""
    for reference in _named(payload):
        files_store.add_file(session, reference, here=False, peer=peer, now=now)


def offer(session: Session, payload: str, peer: str, envelope: Any) -> None:
    """Let a neighbour fetch the files that an envelope to it names."""
    files_store.offer(session, peer, [reference.digest for reference in _named(payload)], envelope)


def _named(payload: str) -> list[Any]:
    """Return the files that a payload names; almost none does, and then it is not even parsed."""
    return references(json.loads(payload)) if '"attachments"' in payload else []


class Giver:
    """Answers a neighbour that asks for a piece of a file. 附件提供方。"""

    def __init__(self, peer: str, incarnation: int, database: Database, files: FileStore | None) -> None:
        self._peer, self._incarnation = peer, incarnation
        self._database, self._files = database, files

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return a piece, or why to come again later. Raises NotBelieved for a file that is not the neighbour's to have."""
        digest, offset = str(request["digest"]), int(request["offset"])
        if not DIGEST.fullmatch(digest) or offset < 0:
            raise NotBelieved("附件请求格式不对 / a malformed request for an attachment")
        with self._database.transaction() as session:
            if not files_store.may_fetch(session, self._peer, digest):
                raise NotBelieved(f"未向 {self._peer} 提供此附件 / this attachment was not offered to {self._peer}")
            behind = store.behind(session, self._peer, self._incarnation)
        if behind > BATCH_COUNT_LIMIT:
            return {"later": f"消息优先 / {behind} envelopes go first", "seconds": 1}
        if self._files is None or not self._files.has(digest):
            return {"later": "附件尚未到达对端 / the neighbour has not got it yet", "seconds": 5}
        return {"offset": offset, "data": base64.b64encode(self._files.read(digest, offset, PIECE)).decode()}


class Puller:
    """Fetches what is awaited, one piece at a time, no faster than it may. 附件获取方。"""

    def __init__(self, peers: Sequence[str], database: Database, files: FileStore, ask: Ask, clock: Clock, *,
                 bytes_per_second: int, wait: Callable[[float], object], log: Any) -> None:  # fmt: skip
        self._peers, self._database, self._files = peers, database, files
        self._ask, self._clock, self._log = ask, clock, log
        self._rate, self._wait = bytes_per_second, wait
        self._free_at = float("-inf")

    def work(self) -> bool:
        """Fetch one piece; return whether there may be more at once. A silent neighbour's files wait, others go on."""
        with self._database.transaction() as session:
            row = files_store.next_awaited(session, self._peers, self._clock.now())
        if row is None:
            return False
        try:
            self._fetch(row)
        except (LinkDown, KeyError, TypeError, ValueError) as error:
            self._later(row, str(error), PAUSE)
        except Damaged as error:
            self._log.warning("exchange.attachment", digest=row.digest, peer=row.peer, error=str(error))
            self._later(row, str(error), ABSENT_PAUSE)
        except OSError as error:
            self._later(row, f"本站点无法写入 / cannot be written here: {error.strerror}", ABSENT_PAUSE)
        return True

    def _fetch(self, row: Any) -> None:
        here = self._files.received(row.digest)
        if here < row.size and not self._files.has(row.digest):
            here = self._piece(row, here)
        if here > row.size:
            self._files.forget(row.digest)
            raise Damaged(f"超过声明的大小 / it is longer than the {row.size} bytes that were named")
        if self._files.has(row.digest) or here == row.size:
            self._finish(row)

    def _piece(self, row: Any, offset: int) -> int:
        """Ask for the next piece; return how much is here now."""
        self._pace()
        reply = self._ask(row.peer, {"op": "attachment", "digest": row.digest, "offset": offset})
        if "later" in reply:
            self._later(row, str(reply["later"]), timedelta(seconds=min(max(float(reply["seconds"]), 0.2), 600)))
            return offset
        data = base64.b64decode(str(reply["data"]), validate=True)
        if not data or int(reply["offset"]) != offset or len(data) > PIECE:
            raise Damaged("对端给出的片段不衔接 / a piece that does not follow")
        self._free_at = self._clock.monotonic() + len(data) / self._rate
        here = self._files.append(row.digest, offset, data)
        with self._database.transaction() as session:
            files_store.came(session, row.digest, here)
        return here

    def _finish(self, row: Any) -> None:
        if not self._files.has(row.digest):
            self._files.complete(row.digest)
        with self._database.transaction() as session:
            files_store.arrived(session, row.digest)
        self._log.info("exchange.attachment", digest=row.digest, peer=row.peer, size=row.size)

    def _later(self, row: Any, reason: str, pause: timedelta) -> None:
        with self._database.transaction() as session:
            files_store.later(session, row.digest, reason, self._clock.now(), pause)

    def _pace(self) -> None:
        pause = self._free_at - self._clock.monotonic()
        if pause > 0:
            self._wait(pause)
