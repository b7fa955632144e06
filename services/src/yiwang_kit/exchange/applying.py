"""Applying what is stored: one transaction an envelope, strictly in order within its key, and parked with a reason.

An envelope for another site is forwarded in the same way: the row that sends it on and the mark that it was forwarded
are one transaction, so that a crash between them cannot be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from yiwang_kit.clock import Clock
from yiwang_kit.database import KIT, Database
from yiwang_kit.exchange import pulling, store
from yiwang_kit.exchange.contracts import Contracts
from yiwang_kit.exchange.envelope import Envelope, ExchangeReject, UnknownContract, Unrouted
from yiwang_kit.exchange.receiving import payload_of

APPLY_PAGE = 200
Route = Callable[[str], str]
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
            rows = store.waiting(session, APPLY_PAGE)
        settled, held = 0, set[str]()
        for row in rows:
            if row.key in held:
                continue
            if self._settle(row) == "parked":
                held.add(row.key)
            settled += 1
        return settled

    def _settle(self, row: Any) -> str:
        try:
            return self._forward(row) if row.destination != self._site and not row.recovered else self._apply(row)
        except ExchangeReject as reject:
            return self._park(row, str(reject), CAUSES.get(type(reject), "refused"))
        except DBAPIError as error:
            if passing(error):
                raise
            return self._park(row, f"{type(error.orig).__name__}: {error.orig}"[:500], "broken")
        except Exception as error:  # a handler's bug must not stop the other keys
            self._log.error("exchange.handler", id=str(row.id), kind=row.kind, exc_info=error)
            return self._park(row, f"{type(error).__name__}: {error}"[:500], "broken")

    def _apply(self, row: Any) -> str:
        payload = payload_of(row)
        contract = self._contracts.check(row.kind, row.version, payload)
        envelope = Envelope(
            row.id, row.origin, row.destination, row.incarnation, row.n, row.kind, row.version, row.key, payload,
            row.created_at, row.recovered,
        )  # fmt: skip
        with self._database.transaction(contract.service) as session:
            if store.claim(session, row.ordinal):
                contract.handler(session, envelope)
                self._done(session, row, "applied")
        return "applied"

    def _forward(self, row: Any) -> str:
        peer = self._route(row.destination)
        with self._database.transaction(KIT) as session:
            if store.claim(session, row.ordinal):
                onward = {name: getattr(row, name) for name in _FORWARDED}
                store.add_outgoing(session, {**onward, "peer": peer})
                pulling.offer(session, row.payload, peer, row.id)
                self._done(session, row, "forwarded")
        return "forwarded"

    def _done(self, session: Session, row: Any, state: str) -> None:
        self.settled[state] += 1
        store.settle(session, row.ordinal, state, at=self._clock.now())

    def _park(self, row: Any, reason: str, cause: str) -> str:
        self._log.warning("exchange.parked", id=str(row.id), kind=row.kind, peer=row.peer, reason=reason)
        with self._database.transaction(KIT) as session:
            if store.claim(session, row.ordinal):
                store.settle(session, row.ordinal, "parked", reason=reason, cause=cause)
                self.settled["parked"] += 1
        return "parked"


_FORWARDED = (
    "id", "origin", "destination", "incarnation", "n", "kind", "version", "key", "payload", "proof", "created_at",
)  # fmt: skip
