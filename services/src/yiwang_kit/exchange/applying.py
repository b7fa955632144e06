"""Applying what is stored: strictly in order within its key, some at a time, and parked with a reason.

Waiting envelopes are settled in transactions of a few; where anything is wrong in one, nothing of it holds, and each is
settled in a transaction of its own, so that the bad one is parked and the others are not.
An envelope for another site is forwarded in the same way: the row that sends it on and the mark that it was forwarded
are one transaction, so that a crash between them cannot be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from yiwang_kit.clock import Clock
from yiwang_kit.database import KIT, Database, assume
from yiwang_kit.exchange import pulling, store
from yiwang_kit.exchange.contracts import Contracts
from yiwang_kit.exchange.envelope import Envelope, ExchangeReject, UnknownContract, Unrouted
from yiwang_kit.exchange.receiving import payload_of

APPLY_PAGE = 200
TOGETHER = 20
"""Entries in one transaction: few, because it holds the locks of all until it ends."""
Route = Callable[[str], str]
Prepared = tuple[str, Callable[[Session], None], str]
CAUSES: dict[type[ExchangeReject], str] = {UnknownContract: "unknown", Unrouted: "unrouted"}
"""Why an envelope is parked, where a later release or tree may cure it by itself."""
PASSING_STATES = ("40", "53", "55", "57", "08")
"""Classes of SQL states that pass: conflicts, used-up resources, locks, a server that ends, lost connections."""


def passing(error: DBAPIError) -> bool:
    """Return whether a database error says something about the moment and nothing about the envelope."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return (
        error.connection_invalidated or type(error).__name__ == "OperationalError" or state.startswith(PASSING_STATES)
    )


class Applier:
    """Works through the inbox of one site. 应用器。"""

    def __init__(
        self, site: str, database: Database, contracts: Contracts, route: Route, clock: Clock, log: Any
    ) -> None:
        self._site = site
        self._database = database
        self._contracts = contracts
        self._route = route
        self._clock = clock
        self._log = log
        self.settled: Counter[str] = Counter()
        """How many entries were settled in this process, by what became of them."""

    def run(self) -> int:
        """Settle what waits; return how many entries were settled. Stops early where the database does not answer."""
        with self._database.transaction() as session:
            rows = list(store.waiting(session, APPLY_PAGE))
        settled, held = 0, set[str]()
        for first in range(0, len(rows), TOGETHER):
            group = [row for row in rows[first : first + TOGETHER] if row.key not in held]
            settled += len(group) if self._together(group) else self._one_by_one(group, held)
        return settled

    def _one_by_one(self, group: Sequence[Any], held: set[str]) -> int:
        """Settle entries in transactions of their own; one that is parked holds the later ones of its key."""
        settled = 0
        for row in group:
            if row.key in held:
                continue
            if self._settle(row) == "parked":
                held.add(row.key)
            settled += 1
        return settled

    def _together(self, group: Sequence[Any]) -> bool:
        """Settle entries in one transaction; False, having changed nothing, where any of them must be looked at alone."""
        if len(group) < 2:  # noqa: PLR2004 - alone already
            return False
        try:
            prepared = [self._prepared(row) for row in group]
            with self._database.transaction(KIT) as session:
                if store.claim(session, [row.ordinal for row in group]) != len(group):
                    return False
                for service, work, _ in prepared:
                    assume(session, service)
                    work(session)
                    session.flush()
                assume(session, KIT)
                store.settle_all(session, [(r.ordinal, s) for r, (_, _, s) in zip(group, prepared, strict=True)],
                                 self._clock.now())  # fmt: skip
        except DBAPIError as error:
            if passing(error):
                raise
            return False
        except Exception:  # whose fault it is shows when each is settled alone
            return False
        self.settled.update(state for _, _, state in prepared)
        return True

    def _settle(self, row: Any) -> str:
        try:
            return self._alone(row)
        except ExchangeReject as reject:
            return self._park(row, str(reject), CAUSES.get(type(reject), "refused"))
        except DBAPIError as error:
            if passing(error):
                raise
            return self._park(row, f"{type(error.orig).__name__}: {error.orig}"[:500], "broken")
        except Exception as error:  # a handler's bug must not stop the other keys
            self._log.error("exchange.handler", id=str(row.id), kind=row.kind, exc_info=error)
            return self._park(row, f"{type(error).__name__}: {error}"[:500], "broken")

    def _alone(self, row: Any) -> str:
        service, work, state = self._prepared(row)
        with self._database.transaction(service) as session:
            if store.claim(session, [row.ordinal]):
                work(session)
                store.settle(session, row.ordinal, state, at=self._clock.now())
        self.settled[state] += 1
        return state

    def _prepared(self, row: Any) -> Prepared:
        """Return in whose role an entry is settled, how, and what it is then. Raises ExchangeReject."""
        if row.destination != self._site and not row.recovered:
            peer = self._route(row.destination)
            return KIT, lambda session: self._forward(session, row, peer), "forwarded"
        payload = payload_of(row)
        contract = self._contracts.check(row.kind, row.version, payload)
        envelope = Envelope(
            row.id, row.origin, row.destination, row.incarnation, row.n, row.kind, row.version, row.key, payload,
            row.created_at, row.recovered,
        )  # fmt: skip
        return contract.service, lambda session: contract.handler(session, envelope), "applied"

    def _forward(self, session: Session, row: Any, peer: str) -> None:
        onward = {name: getattr(row, name) for name in _FORWARDED}
        store.add_outgoing(session, {**onward, "peer": peer})
        pulling.offer(session, row.payload, peer, row.id)

    def _park(self, row: Any, reason: str, cause: str) -> str:
        self._log.warning("exchange.parked", id=str(row.id), kind=row.kind, peer=row.peer, reason=reason)
        with self._database.transaction(KIT) as session:
            if store.claim(session, [row.ordinal]):
                store.settle(session, row.ordinal, "parked", reason=reason, cause=cause)
                self.settled["parked"] += 1
        return "parked"


_FORWARDED = (
    "id", "origin", "destination", "incarnation", "n", "kind", "version", "key", "payload", "proof", "created_at",
)  # fmt: skip
