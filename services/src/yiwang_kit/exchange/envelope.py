"""What travels: a header that its origin signs, and a payload of which the header holds the digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yiwang_kit.crypto import canonical_json, sm3

ENVELOPE_LIMIT = 256 * 1024
"""Bytes of header and payload together; attachments go apart."""
BATCH_COUNT_LIMIT = 500
BATCH_BYTES_LIMIT = 768 * 1024
GENESIS = bytes(32)


class ExchangeReject(Exception):
    """Raised by a handler for an envelope that must be parked, with the reason for a person. 拒收。"""


class UnknownContract(ExchangeReject):
    """This release does not know the kind or version; a later one may. 未知契约。"""


class Unrouted(ExchangeReject):
    """No link leads to where the envelope goes; a later tree may have one. 无路可达。"""


class EnvelopeTooLarge(ValueError):
    """An envelope over ENVELOPE_LIMIT; refused when it is sent, so that no link ever sees it. 消息过大。"""


@dataclass(frozen=True)
class Envelope:
    """One message between sites. 交换信封。"""

    id: UUID
    origin: str
    destination: str
    incarnation: int
    n: int
    kind: str
    version: int
    key: str
    payload: Mapping[str, Any]
    created_at: datetime
    recovered: bool = False
    """True when a restored site gets its own envelope back from a peer: apply what it says, send nothing for it."""


def header(row: Any) -> dict[str, Any]:
    """Return the signed header of an outbox or inbox row."""
    return {
        "id": str(row.id),
        "origin": row.origin,
        "destination": row.destination,
        "incarnation": int(row.incarnation),
        "n": int(row.n),
        "kind": row.kind,
        "version": int(row.version),
        "key": row.key,
        "payload": sm3(row.payload.encode()).hex(),
        "created_at": row.created_at.isoformat(timespec="microseconds"),
    }


def link_head(previous: bytes, seq: int, content: Mapping[str, Any]) -> bytes:
    """Return the chain head after entry `seq` of a link's ledger: SM3 over the head before, the number, the header."""
    return sm3(previous + seq.to_bytes(8, "big") + canonical_json(dict(content)))


def heads(previous: bytes, first: int, headers: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """Return the head after each of consecutive entries."""
    found = []
    for offset, content in enumerate(headers):
        previous = link_head(previous, first + offset, content)
        found.append(previous)
    return found


def size_of(content: Mapping[str, Any], payload: str) -> int:
    """Return the bytes of an envelope, header and payload, as the limit counts them."""
    return len(canonical_json(dict(content))) + len(payload.encode())
