"""Measure the exchange: envelopes a second in batches, and how long a day's backlog takes beside live traffic.

Two sites with real PostgreSQL that flushes, real signatures and chains; the network between them is a call, so what a
wire adds is left out and nothing else is. The backlog is a part of a day's (2 orders/s = 172,800 envelopes); the time for
a whole day is that part's rate, and the rate of its last third stands beside it, so that a slowing queue would show.
Run: python tests/bench/exchange.py [--envelopes 5000] [--backlog 8640]
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from sqlalchemy import text  # noqa: E402 - the path above makes it importable

from support.exchange_lab import KIND, Lab, Site  # noqa: E402
from support.postgres import running  # noqa: E402
from yiwang_kit.database import Database  # noqa: E402
from yiwang_kit.migrations import migrate  # noqa: E402

COUNTY, CITY = "441721", "441700"
ENVELOPES, BACKLOG = 5_000, 8_640
ORDERS_A_SECOND = 2
A_DAY = ORDERS_A_SECOND * 86_400
A_TRANSACTION = 100
KEYS = 997
"""Orders that the envelopes belong to: many keys, as in life."""
COMMAND = "`python tests/bench/exchange.py`"
BODY = "路口有两处坑洼，夜间行车危险，请尽快处理。" * 12
"""A payload of about 750 bytes, as a trace entry has."""


@dataclass(frozen=True)
class Rates:
    """Envelopes a second, step by step."""

    sent: float
    stored: float
    applied: float


@dataclass(frozen=True)
class CatchUp:
    """How a backlog went down beside live traffic."""

    envelopes: int
    live: int
    seconds: float
    last_third: float
    """Envelopes a second in the last third."""


def write(site: Site, count: int) -> None:
    """Send envelopes as services do, some in each transaction."""
    for first in range(0, count, A_TRANSACTION):
        with site.database.transaction() as session:
            for number in range(first, min(first + A_TRANSACTION, count)):
                site.exchange.send(session, to=CITY, kind=KIND, key=f"order-{number % KEYS}",
                                   payload={"value": number, "text": BODY})  # fmt: skip


def rates(lab: Lab, count: int) -> Rates:
    """Write, ship and apply a number of envelopes, one step after the other."""
    marks = [time.monotonic()]
    write(lab[COUNTY], count)
    marks.append(time.monotonic())
    assert lab[COUNTY].exchange.link(CITY).step() == count
    marks.append(time.monotonic())
    settled = 0
    while moved := lab[CITY].applier.run():
        settled += moved
    marks.append(time.monotonic())
    assert settled == count
    took = [later - earlier for earlier, later in itertools.pairwise(marks)]
    return Rates(*(count / seconds for seconds in took))


def catch_up(lab: Lab, backlog: int) -> CatchUp:
    """Let a backlog and two new orders a second go over one link; return how long until nothing waits."""
    write(lab[COUNTY], backlog)
    ending, live = threading.Event(), [0]
    threads = [threading.Thread(target=work) for work in (
        lambda: traffic(lab[COUNTY], ending, live), lambda: ship(lab[COUNTY], ending),
    )]  # fmt: skip
    started, applied, marks = time.monotonic(), 0, [(0.0, 0)]
    for thread in threads:
        thread.start()
    while applied < backlog:
        moved = lab[CITY].applier.run()
        applied += moved
        marks.append((time.monotonic() - started, applied))
        if not moved:
            time.sleep(0.02)
    seconds = time.monotonic() - started
    ending.set()
    for thread in threads:
        thread.join()
    at = next(mark for mark in marks if mark[1] >= backlog * 2 / 3)
    return CatchUp(backlog, live[0], seconds, (applied - at[1]) / (marks[-1][0] - at[0]))


def traffic(site: Site, ending: threading.Event, live: list[int]) -> None:
    """Send new orders at the day's pace."""
    while not ending.wait(1 / ORDERS_A_SECOND):
        with site.database.transaction() as session:
            site.exchange.send(session, to=CITY, kind=KIND, key="live", payload={"value": live[0], "text": BODY})
        live[0] += 1


def ship(site: Site, ending: threading.Event) -> None:
    """Ship whatever there is, as the relay does."""
    while not ending.is_set():
        if not site.exchange.link(CITY).step():
            ending.wait(0.05)


def rows(envelopes: int = ENVELOPES, backlog: int = BACKLOG) -> list[tuple[str, str, str, str]]:
    """Measure; return (what, target, measured, command) for docs/reference/measurements.md."""
    with running(durable=True) as server:
        template = server.create()
        database = Database(server.url(template))
        migrate(database, ["yiwang_kit"])
        database.dispose()
        lab = Lab(server, template)
        try:
            found = rates(lab, envelopes)
            with lab[CITY].database.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
            went = catch_up(lab, backlog)
        finally:
            lab.close()
    a_day = A_DAY / (went.envelopes / went.seconds) / 60
    return [
        ("envelopes written by services, signed and stored at the neighbour in batches", "—",
         f"{found.stored:.0f}/s shipped and stored, {found.sent:.0f}/s written", COMMAND),
        ("envelopes applied by a handler, in order of their keys", "≥ 194/s", f"{found.applied:.0f}/s", COMMAND),
        (f"a day's backlog ({A_DAY:,} envelopes) beside {ORDERS_A_SECOND} live orders/s", "≤ 15 min",
         f"{a_day:.1f} min by the rate of {went.envelopes:,} measured in {went.seconds:.0f} s with {went.live} live ones "
         f"({went.envelopes / went.seconds:.0f}/s; last third {went.last_third:.0f}/s)", COMMAND),
    ]  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--envelopes", type=int, default=ENVELOPES)
    parser.add_argument("--backlog", type=int, default=BACKLOG)
    given = parser.parse_args()
    for row in rows(given.envelopes, given.backlog):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
