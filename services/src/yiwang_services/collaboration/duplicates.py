"""Which orders may be the same as one being taken in: the same matter, not long ago, close by, and told alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_services.collaboration import bigrams
from yiwang_services.collaboration import tables as t
from yiwang_services.collaboration.domain import metres
from yiwang_services.collaboration.settings import DUPLICATE_DAYS, DUPLICATE_LIKENESS, DUPLICATE_METRES
from yiwang_services.collaboration.sight import visible
from yiwang_services.collaboration.transitions import CLOSED

LOOKED_AT, SHOWN = 500, 5
NEAR_WEIGHT, TEXT_WEIGHT = 0.5, 0.5


@dataclass(frozen=True)
class Draft:
    """What is about to be taken in. 待登记内容。"""

    matter: str
    division: str
    title: str
    description: str
    address: str
    place: tuple[float, float] | None

    def terms(self) -> set[str]:
        """Return the pairs of characters of what is told."""
        return bigrams.pairs(bigrams.searchable(self.title, self.address, self.description))


@dataclass(frozen=True)
class Likeness:
    """An order that may be the same, and why. 疑似重复。"""

    row: Any
    score: float
    text: float
    distance: float | None
    hours: float

    def json(self) -> dict[str, Any]:
        """Return the score and its reasons."""
        metres_ = round(self.distance) if self.distance is not None else None
        return {"score": round(self.score, 3),
                "why": {"text": round(self.text, 3), "distance_m": metres_, "hours": round(self.hours, 1)}}  # fmt: skip


def candidates(session: Session, actor: Actor, draft: Draft, now: datetime) -> list[Likeness]:
    """Return the orders most alike, best first, of those that the person may see."""
    o = t.work_order.c
    since = now - timedelta(days=DUPLICATE_DAYS)
    query = select(t.work_order).where(
        o.matter == draft.matter, o.created_at >= since, o.state != CLOSED, o.scope_division == draft.division,
        visible(session, actor),
    )  # fmt: skip
    rows = session.execute(query.order_by(o.created_at.desc(), o.id.desc()).limit(LOOKED_AT)).all()
    terms = draft.terms()
    found = [like for row in rows if (like := likeness(draft, terms, row, now)) is not None]
    return sorted(found, key=lambda like: -like.score)[:SHOWN]


def likeness(draft: Draft, terms: set[str], row: Any, now: datetime) -> Likeness | None:
    """Return how alike an order is, or None for one too far away or told otherwise."""
    text = bigrams.likeness(terms, bigrams.pairs(bigrams.searchable(row.title, row.address, row.description)))
    placed = row.longitude is not None and row.latitude is not None
    away = metres(draft.place, (row.longitude, row.latitude)) if draft.place and placed else None
    if away is not None and away > DUPLICATE_METRES:
        return None
    near = closeness(away, same_address=bool(draft.address) and draft.address.strip() == row.address)
    score = TEXT_WEIGHT * text + NEAR_WEIGHT * near
    hours = (now - row.created_at).total_seconds() / 3600
    return Likeness(row, score, text, away, hours) if score >= DUPLICATE_LIKENESS else None


def closeness(away: float | None, *, same_address: bool) -> float:
    """Return 1 for the same spot down to 0 at the farthest; an address said alike counts as the same spot."""
    if same_address:
        return 1.0
    return 0.0 if away is None else 1.0 - away / DUPLICATE_METRES
