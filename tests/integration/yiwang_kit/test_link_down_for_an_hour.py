"""A link that is away for an hour: what is sent queues, the page says since when, and everything arrives afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from support.exchange_lab import Lab, ledgers_are_equal
from support.postgres import Server
from yiwang_kit.clock import ManualClock
from yiwang_kit.exchange.carrier import LinkDown
from yiwang_kit.exchange.links import LinkStatus
from yiwang_kit.exchange.relay import Shipper

COUNTY, CITY = "441721", "441700"
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CUT_AT = START + timedelta(minutes=5)


@pytest.fixture
def lab(postgres: Server, template: str) -> Iterator[Lab]:
    laboratory = Lab(postgres, template)
    yield laboratory
    laboratory.close()


def away_from(site: str) -> Callable[..., bytes]:
    """Return the weather in which one site is out of reach."""

    def weather(sender: str, receiver: str, content: bytes, reach: Callable[[bytes], bytes]) -> bytes:
        if site in (sender, receiver):
            raise LinkDown(f"{receiver} is out of reach")
        return reach(content)

    return weather


def seen(lab: Lab) -> LinkStatus:
    with lab[COUNTY].database.transaction() as session:
        return next(link for link in lab[COUNTY].exchange.links(session) if link.site == CITY)


def test_it_queues_says_since_when_and_loses_nothing(lab: Lab) -> None:
    clock, log = ManualClock(START), structlog.get_logger("test")
    shipper = Shipper(lab[COUNTY].exchange.link(CITY), lab[COUNTY].database, clock, log)
    shipper.work()
    assert seen(lab).state == "up"
    clock.advance(300)
    lab.network.weather = away_from(CITY)
    for minute in range(60):
        lab[COUNTY].send(CITY, f"order-{minute}", minute)
        shipper.work()
        clock.advance(60)
    away = seen(lab)
    assert (away.state, away.queued) == ("down", 60)
    assert datetime.fromisoformat(away.since) == CUT_AT, "since the cut, not since the last try"
    assert away.last_error
    lab.network.weather = None
    while shipper.work():
        """Ship until nothing is left."""
    lab.settle()
    back = seen(lab)
    assert (back.state, back.queued) == ("up", 0)
    assert datetime.fromisoformat(back.since) == CUT_AT + timedelta(hours=1)
    assert lab[CITY].received(COUNTY) == lab[COUNTY].sent(CITY)
    assert ledgers_are_equal(lab) == []
