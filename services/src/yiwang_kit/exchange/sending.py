"""The sending half of a link: number committed rows, chain them, ship batches from where the peer stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from yiwang_kit.exchange import store
from yiwang_kit.exchange.directory import Identity
from yiwang_kit.exchange.envelope import BATCH_BYTES_LIMIT, BATCH_COUNT_LIMIT, GENESIS, header, link_head, size_of
from yiwang_kit.exchange.signing import Proof, prove


def seal_pending(session: Session, peer: str, identity: Identity) -> int:
    """Number and chain what was committed for a peer since the last time; return how many.

    The caller holds the link's lock, so numbers have no gaps. An own envelope's `n` is its number on its first link; a
    forwarded one keeps its origin's.
    """
    seq, head = store.last_sent(session, peer, identity.incarnation)
    rows = store.unsealed(session, peer, BATCH_COUNT_LIMIT)
    sealed = []
    for row in rows:
        seq += 1
        own = row.proof is None
        numbered = {"incarnation": identity.incarnation if own else row.incarnation, "n": seq if own else row.n}
        head = link_head(head, seq, header(_Numbered(row, numbered)))
        sealed.append({
            "ordinal": row.ordinal, "link_incarnation": identity.incarnation, "seq": seq, "head": head, **numbered,
        })  # fmt: skip
    store.seal(session, sealed)
    return len(rows)


class _Numbered:
    """A row as it will be once its numbers are written."""

    def __init__(self, row: Any, numbered: Mapping[str, Any]) -> None:
        self._row = row
        self._numbered = numbered

    def __getattr__(self, name: str) -> Any:
        return self._numbered[name] if name in self._numbered else getattr(self._row, name)


def next_batch(session: Session, peer: str, identity: Identity, after: int) -> dict[str, Any] | None:
    """Return the batch that follows entry `after` of the peer's copy, or None where there is nothing more."""
    rows = fit(store.sealed_after(session, peer, identity.incarnation, after, BATCH_COUNT_LIMIT))
    if not rows:
        return None
    previous = store.head_at(session, "outbox", peer, identity.incarnation, after)
    return {
        "op": "batch",
        "site": identity.site,
        "incarnation": identity.incarnation,
        "first": int(rows[0].seq),
        "previous": (previous or GENESIS).hex(),
        "entries": entries(rows, identity),
    }


def fit(rows: Sequence[Any]) -> Sequence[Any]:
    """Cut rows to a batch's byte limit; a single row always fits, because send() refuses larger ones."""
    total = 0
    for index, row in enumerate(rows):
        total += size_of(header(row), row.payload)
        if total > BATCH_BYTES_LIMIT and index:
            return rows[:index]
    return rows


def entries(rows: Sequence[Any], identity: Identity) -> list[dict[str, Any]]:
    """Return rows as they travel: header, payload, and the proof of the origin.

    Rows of this incarnation are signed here under one root; forwarded rows carry the proof that they came with.
    """
    own = [row for row in rows if row.proof is None]
    proofs = dict(zip((row.ordinal for row in own), prove(identity, [header(row) for row in own]), strict=True))
    return [
        {
            "header": header(row),
            "payload": row.payload,
            "proof": proofs[row.ordinal].to_json() if row.ordinal in proofs else json.loads(row.proof),
        }
        for row in rows
    ]


def proof_text(proof: Proof) -> str:
    """Return a proof as it is stored beside a forwarded envelope."""
    return json.dumps(proof.to_json(), sort_keys=True)
