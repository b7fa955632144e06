"""The one door to the hub's PostgreSQL: a small pool, and a service's own role inside each transaction.

The role is a guard against coupling, not against an intruder: a service that reaches for another's table fails in its
first test instead of in an upgrade.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session

from yiwang_kit.settings import DatabaseSettings

KIT = "kit"
POOL_SIZE, POOL_OVERFLOW = 4, 6
STATEMENT_TIMEOUT = "30s"
QUIET_CHECKOUTS = 120
"""Connections asked for in a minute below which a hub counts as idle; its relays ask for less than one a second."""


class Database:
    """A site's database. 站点数据库。"""

    def __init__(self, where: DatabaseSettings | str, *, pool_size: int = POOL_SIZE) -> None:
        url = where if isinstance(where, str) else where.url()
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=True,
            hide_parameters=True,  # an error text goes to the log; what citizens wrote does not
            connect_args={"options": f"-c statement_timeout={STATEMENT_TIMEOUT} -c timezone=UTC"},
        )

        self._asked = 0
        event.listen(self.engine, "engine_connect", self._count)

    def _count(self, _: Connection) -> None:
        self._asked += 1

    @contextmanager
    def transaction(self, service: str = KIT) -> Iterator[Session]:
        """Open a transaction as a service's role; commit at the end, roll back on an error."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            assume(session, service)
            yield session

    def ping(self) -> None:
        """Ask the database for one row; raises what the driver raises."""
        with self.engine.connect() as connection:
            connection.execute(text("select 1"))

    def rest(self) -> bool:
        """Close pooled connections where few were asked for since the last call; return whether that was so.

        A backend that has served for long holds 10 to 18 MiB of its own; an idle site needs one for its relay's polls.
        """
        asked, self._asked = self._asked, 0
        if asked > QUIET_CHECKOUTS:
            return False
        self.engine.dispose()  # what is in use stays open and is closed when it comes back
        return True

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def assume(session: Session, service: str) -> None:
    """Take a service's role until the transaction ends."""
    if not service.isidentifier():
        raise ValueError(f"{service!r} is no service name")
    session.connection().exec_driver_sql(f"SET LOCAL ROLE {service}")  # once a transaction: the shortest way
