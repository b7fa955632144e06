"""Parking: what an upgrade or a new tree cures goes on by itself, the rest waits for a person; numbers for those who watch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text

from support.exchange_lab import Lab
from support.postgres import Server
from yiwang_kit.clock import SystemClock
from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import store
from yiwang_kit.exchange.metrics import ExchangeMetrics
from yiwang_kit.exchange.parking import PARKED_RETRY_SECONDS, parked_json
from yiwang_kit.exchange.relay import Locks
from yiwang_kit.ids import uuid7

COUNTY, CITY = "441721", "441700"
NEWS, ANY = "kit.news", {"type": "object"}


@pytest.fixture(scope="module")
def lab(postgres: Server, template: str) -> Iterator[Lab]:
    laboratory = Lab(postgres, template)
    yield laboratory
    laboratory.close()


def parked(lab: Lab) -> list[dict[str, object]]:
    with lab[CITY].database.transaction() as session:
        return [parked_json(row) for row in store.parked(session)]


def trail(lab: Lab) -> list[tuple[str, str, str]]:
    with lab[CITY].database.transaction() as session:
        rows = session.execute(text("SELECT actor, action, detail FROM kit.audit ORDER BY n"))
        return [(row.actor, row.action, row.detail) for row in rows]


def test_an_unknown_kind_is_applied_by_itself_after_the_upgrade_and_the_trail_says_so(lab: Lab) -> None:
    lab[COUNTY].exchange.register(NEWS, {1: ANY}, lambda *_: None)
    with lab[COUNTY].database.transaction() as session:
        for n in range(2):
            lab[COUNTY].exchange.send(session, to=CITY, kind=NEWS, key="order-9", payload={"n": n})
    lab.settle()
    [waits] = parked(lab)
    assert (waits["cause"], waits["kind"]) == ("unknown", NEWS)
    assert "升级" in str(waits["next"])
    assert lab[CITY].exchange.parking.look_again() == 0, "this release still does not know it"
    lab.crash_hub(CITY)
    came: list[object] = []
    lab[CITY].exchange.register(NEWS, {1: ANY}, lambda _, envelope: came.append(envelope.payload["n"]))
    assert lab[CITY].exchange.parking.look_again() == 1
    lab.settle()
    assert came == [0, 1]
    assert parked(lab) == []
    [(actor, action, detail)] = trail(lab)
    assert (actor, action) == ("exchange", "exchange.retry")
    assert "no longer unknown" in detail
    assert lab[CITY].exchange.parking.look_again() == 0, f"it looks every {PARKED_RETRY_SECONDS} s only"


def test_a_refused_envelope_waits_for_a_person_whose_reason_is_kept(lab: Lab) -> None:
    lab[CITY].refuse = {100}
    lab[COUNTY].send(CITY, "order-1", 100)
    lab.settle()
    [waits] = parked(lab)
    assert waits["cause"] == "refused"
    lab.crash_hub(CITY)
    assert lab[CITY].exchange.parking.look_again() == 0
    with lab[CITY].database.transaction() as session:
        lab[CITY].exchange.skip(session, next(iter(store.parked(session))).id, actor="li", reason="两侧已核对")
    assert [(a, b) for a, b, _ in trail(lab)][-1] == ("li", "exchange.skip")
    assert "两侧已核对" in trail(lab)[-1][2]
    with pytest.raises(NotFound), lab[CITY].database.transaction() as session:
        lab[CITY].exchange.retry(session, uuid7(), actor="li")


def test_what_waits_how_long_and_what_is_parked_are_numbers(lab: Lab) -> None:
    lab[CITY].refuse = {200}
    lab[COUNTY].send(CITY, "order-2", 200)
    lab.settle()
    lab[CITY].send(COUNTY, "order-3", 201)
    registry = CollectorRegistry()
    registry.register(ExchangeMetrics(lab[CITY].exchange, lab[CITY].database, SystemClock()))
    said = generate_latest(registry).decode()
    assert f'kit_exchange_parked{{peer="{COUNTY}"}} 1.0' in said
    assert f'kit_exchange_queued{{peer="{COUNTY}"}} 1.0' in said
    assert f'kit_exchange_oldest_queued_seconds{{peer="{COUNTY}"}} 0.' in said
    assert 'kit_exchange_settled_total{state="parked"} 1.0' in said


def test_one_process_at_a_time_works_on_a_link_and_a_lost_connection_loses_its_locks(lab: Lab) -> None:
    first, second = Locks(lab[CITY].database), Locks(lab[CITY].database)
    held = first.take("ship:x")
    assert held is not None
    assert first.take("apply") == held, "all on one connection"
    assert second.take("ship:x") is None
    assert first.still(held)
    first.close()
    assert not first.still(held)
    assert second.take("ship:x") is not None
    second.close()
