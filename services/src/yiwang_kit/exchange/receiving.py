"""The receiving half of a link: check a batch, store it durably, and only then say how far it is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from yiwang_kit.crypto import sm3
from yiwang_kit.exchange import pulling, store
from yiwang_kit.exchange.envelope import BATCH_COUNT_LIMIT, ENVELOPE_LIMIT, heads, size_of
from yiwang_kit.exchange.sending import proof_text
from yiwang_kit.exchange.signing import NotBelieved, Proof, Verifier

FIELDS = ("id", "origin", "destination", "incarnation", "n", "kind", "version", "key", "payload", "created_at")


class OutOfStep(Exception):
    """The batch does not follow what is stored; the answer says where we stand. 序列不衔接。"""


@dataclass(frozen=True)
class Entry:
    """One checked entry of a batch."""

    header: Mapping[str, Any]
    payload: str
    proof: Proof


def read_batch(content: Mapping[str, Any], peer: str) -> tuple[int, int, bytes, list[Entry]]:
    """Return (incarnation, first number, head before it, entries). Raises NotBelieved for anything malformed."""
    try:
        entries = [_entry(item) for item in content["entries"]]
        found = int(content["incarnation"]), int(content["first"]), bytes.fromhex(content["previous"]), entries
    except (KeyError, TypeError, ValueError) as error:
        raise NotBelieved(f"批次格式不对 / the batch is malformed: {error}") from error
    if content.get("site") != peer:
        raise NotBelieved(
            f"批次自称 {content.get('site')}，实际来自 {peer} / a batch of {content.get('site')} came from {peer}"
        )
    if not 0 < len(entries) <= BATCH_COUNT_LIMIT:
        raise NotBelieved(f"批次含 {len(entries)} 条 / a batch has 1 to {BATCH_COUNT_LIMIT} entries")
    return found


def _entry(item: Mapping[str, Any]) -> Entry:
    content, payload = item["header"], item["payload"]
    if sorted(content) != sorted(FIELDS) or not isinstance(payload, str):
        raise ValueError("an entry has the wrong fields")
    if size_of(content, payload) > ENVELOPE_LIMIT:
        raise NotBelieved(f"消息超过 {ENVELOPE_LIMIT} 字节 / an envelope is over {ENVELOPE_LIMIT} bytes")
    if sm3(payload.encode()).hex() != content["payload"]:
        raise NotBelieved("内容与摘要不符 / a payload does not fit its digest")
    return Entry(content, payload, Proof.from_json(item["proof"]))


def check_origins(
    entries: Sequence[Entry], *, peer: str, incarnation: int, subtree: Sequence[str] | None, verifier: Verifier
) -> None:
    """Raise NotBelieved unless every entry is signed by its origin and that origin may come over this edge.

    `subtree` holds the sites behind a child; None (the parent's edge) lets any origin but ourselves' children through.
    """
    for entry in entries:
        origin = str(entry.header["origin"])
        if origin == peer and int(entry.header["incarnation"]) > incarnation:
            raise NotBelieved(
                f"{peer} 的消息来自更新的一代 / an envelope of {peer} is of a later incarnation than its batch"
            )
        if subtree is not None and origin != peer and origin not in subtree:
            raise NotBelieved(f"{origin} 不应经由 {peer} / {origin} does not belong behind {peer}")
        verifier.check(entry.header, entry.proof)


def store_batch(session: Session, *, peer: str, incarnation: int, first: int, previous: bytes, entries: Sequence[Entry],
                now: datetime) -> None:  # fmt: skip
    """Store what is new of a checked batch. Raises OutOfStep where a gap or another chain shows."""
    seq, head = store.last_received(session, peer, incarnation)
    if first > seq + 1:
        raise OutOfStep(f"expected {seq + 1}, the batch begins at {first}")
    known = store.head_at(session, "inbox", peer, incarnation, first - 1)
    if known != previous:
        raise OutOfStep(f"the chain before {first} differs")
    chained = heads(previous, first, [entry.header for entry in entries])
    if first + len(entries) - 1 >= seq >= first and chained[seq - first] != head:
        raise OutOfStep(f"the chain at {seq} differs")
    fresh = [(first + i, e, chained[i]) for i, e in enumerate(entries) if first + i > seq]
    for _, entry, _ in fresh:
        pulling.want(session, entry.payload, peer, now)
    store.add_incoming(session, [incoming(peer, incarnation, number, e, head, now) for number, e, head in fresh])


def incoming(peer: str, incarnation: int | None, seq: int | None, entry: Entry, head: bytes | None, now: datetime,
             *, recovered: bool = False) -> dict[str, Any]:  # fmt: skip
    """Return an inbox row."""
    content = entry.header
    return {
        "id": UUID(str(content["id"])), "peer": peer, "link_incarnation": incarnation, "seq": seq, "head": head,
        "origin": content["origin"], "destination": content["destination"], "incarnation": content["incarnation"],
        "n": content["n"], "kind": content["kind"], "version": content["version"], "key": content["key"],
        "payload": entry.payload, "proof": proof_text(entry.proof),
        "created_at": datetime.fromisoformat(str(content["created_at"])), "received_at": now, "state": "stored",
        "recovered": recovered,
    }  # fmt: skip


def payload_of(row: Any) -> Any:
    """Return an entry's payload as JSON."""
    return json.loads(row.payload)
