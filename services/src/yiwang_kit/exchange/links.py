"""What a person sees of a link: up or since when not, how much waits, what is parked, and both ledgers' heads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang_kit.attachments import store as attachments
from yiwang_kit.exchange import store
from yiwang_kit.settings import Peer

LinkState = Literal["up", "down", "paused", "fenced", "diverged"]


@dataclass(frozen=True)
class LinkStatus:
    """One link as this site sees it. 链路状态。"""

    site: str
    name: str
    relation: str
    state: LinkState
    since: str
    queued: int
    oldest_queued_at: str | None
    parked: int
    sent: int
    received: int
    head_sent: str
    head_received: str
    last_error: str
    link: str
    """`leaf`, or `stick` for a link that somebody carries; its `since` is the last stick that was read."""
    attachments_awaited: int
    attachments_missing_bytes: int
    attachments_since: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def status(session: Session, peer: Peer, incarnation: int) -> LinkStatus | None:
    """Return a link's status, or None before the relay first looked at it."""
    row = store.peer_row(session, peer.site)
    if row is None:
        return None
    sent, head_sent = store.last_sent(session, peer.site, incarnation)
    received, head_received = store.last_received(session, peer.site, row.peer_incarnation)
    queue = session.execute(_QUEUE, {"peer": peer.site, "incarnation": incarnation, "acked": row.acked}).one()
    parked = session.execute(_PARKED, {"peer": peer.site}).scalar_one()
    files, missing, since = attachments.awaited(session, peer.site)
    state: LinkState = "paused" if peer.link == "stick" else row.state  # nobody need act: it waits for who carries it
    return LinkStatus(
        peer.site, peer.name, peer.relation, state, row.since.isoformat(timespec="seconds"), int(queue.waiting),
        queue.oldest.isoformat(timespec="seconds") if queue.oldest else None, int(parked), sent, received,
        head_sent.hex(), head_received.hex(), row.last_error, peer.link, files, missing,
        since.isoformat(timespec="seconds") if since else None,
    )  # fmt: skip


_QUEUE = text(
    "SELECT count(*) AS waiting, min(created_at) AS oldest FROM kit.outbox WHERE peer = :peer "
    "AND (seq IS NULL OR (link_incarnation = :incarnation AND seq > :acked))"
)
_PARKED = text("SELECT count(*) FROM kit.inbox WHERE peer = :peer AND state = 'parked'")
