"""What has run out goes; what is in use stays."""

from __future__ import annotations

from support.kit_lab import COUNTY, WRITE, Lab
from yiwang_kit import sessions
from yiwang_kit.housekeeping import sweep


def counts(lab: Lab) -> list[int]:
    """Return how many sessions, sign-ins and keys there are."""
    tables = ("session", "sign_in", "idempotency")
    with lab.runtime.database.transaction() as session:
        connection = session.connection()
        return [connection.exec_driver_sql(f"SELECT count(*) FROM kit.{table}").scalar_one() for table in tables]


def swept(lab: Lab) -> list[int]:
    """Sweep, and count."""
    with lab.runtime.database.transaction() as session:
        assert sweep(session, lab.clock.now())
    return counts(lab)


def test_a_sweep_takes_what_has_run_out_and_nothing_else(lab: Lab) -> None:
    person = lab.person()
    lab.allow(person, WRITE, division=COUNTY)
    lab.sign_in(person)
    lab.post("/api/toy/v1/rows", {"name": "x", "division": COUNTY}, **{"Idempotency-Key": "k"})
    lab.begun()
    assert swept(lab) == [1, 1, 1]
    lab.clock.advance(3 * 3600)
    assert swept(lab) == [0, 0, 1]
    lab.clock.advance(8 * 86400)
    assert swept(lab) == [0, 0, 0]


def test_one_process_sweeps_at_a_time(lab: Lab) -> None:
    now = lab.clock.now()
    with lab.runtime.database.transaction() as one, lab.runtime.database.transaction() as two:
        assert sweep(one, now)
        assert not sweep(two, now)


def test_all_sessions_of_a_person_end_but_the_one_in_use(lab: Lab) -> None:
    person, now = lab.person(), lab.clock.now()
    with lab.runtime.database.transaction() as session:
        kept, other = (sessions.start(session, person, now) for _ in range(2))
        mine = sessions.find(session, kept, now)
        assert sessions.end_all(session, person, but=mine.id) == 1
        assert sessions.find(session, kept, now) is not None
        assert sessions.find(session, other, now) is None
        assert sessions.end_all(session, person) == 1


def test_a_quiet_hub_gives_its_database_connections_back_and_a_busy_one_keeps_them(lab: Lab) -> None:
    database = lab.runtime.database
    with database.transaction() as one, database.transaction() as two:
        one.connection(), two.connection()
    assert database.engine.pool.checkedin() >= 2
    for _ in range(200):
        database.ping()
    assert not database.rest(), "busy"
    assert database.rest(), "nothing was asked for since"
    assert database.engine.pool.checkedin() == 0
    database.ping()
