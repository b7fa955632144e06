"""Three sites on real databases: what is sent arrives once and in order, forwarded hop by hop, and parking holds a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.exchange_lab import Lab, ledgers_are_equal
from support.postgres import Server
from yiwang_kit.exchange import ExchangeReject, store
from yiwang_kit.exchange.envelope import ENVELOPE_LIMIT, EnvelopeTooLarge
from yiwang_kit.exchange.link import Fenced, pack, unpack


@pytest.fixture
def lab(postgres: Server, template: str) -> Iterator[Lab]:
    laboratory = Lab(postgres, template)
    yield laboratory
    laboratory.close()


def test_what_a_county_sends_arrives_at_the_province_once_and_in_order(lab: Lab) -> None:
    for value in range(20):
        lab["441721"].send("440000", f"order-{value % 3}", value)
    lab.settle()
    assert lab["440000"].received("441721") == lab["441721"].sent("440000")
    assert lab["441700"].received("441721") == {}, "the city only forwards"
    assert ledgers_are_equal(lab) == []


def test_a_refused_envelope_parks_its_key_and_lets_others_pass(lab: Lab) -> None:
    lab["441700"].refuse = {1}
    for value, key in ((1, "a"), (2, "a"), (3, "b")):
        lab["441721"].send("441700", key, value)
    lab.settle()
    assert lab["441700"].received("441721") == {"b": [3]}
    lab["441700"].refuse.clear()
    with lab["441700"].database.transaction() as session:
        [parked] = store.parked(session)
        assert "told to refuse 1" in parked.reason
        lab["441700"].exchange.retry(session, parked.id, actor="tester")
    lab.settle()
    assert lab["441700"].received("441721") == {"a": [1, 2], "b": [3]}


def test_skipping_a_parked_envelope_lets_its_key_go_on_without_it(lab: Lab) -> None:
    lab["441700"].refuse = {1}
    for value in (1, 2):
        lab["441721"].send("441700", "a", value)
    lab.settle()
    with lab["441700"].database.transaction() as session:
        [parked] = store.parked(session)
        lab["441700"].exchange.skip(session, parked.id, actor="tester", reason="entered twice")
    lab.settle()
    assert lab["441700"].received("441721") == {"a": [2]}


def test_an_envelope_over_the_limit_is_refused_when_it_is_sent(lab: Lab) -> None:
    site = lab["441721"]
    payload = {"value": 1, "text": "汉" * ENVELOPE_LIMIT}
    with pytest.raises(EnvelopeTooLarge), site.database.transaction() as session:
        site.exchange.send(session, to="441700", kind="kit.lab", key="a", payload=payload)


def test_a_payload_that_breaks_its_contract_is_refused_when_it_is_sent(lab: Lab) -> None:
    site = lab["441721"]
    with pytest.raises(ExchangeReject, match="value"), site.database.transaction() as session:
        site.exchange.send(session, to="441700", kind="kit.lab", key="a", payload={"value": "many"})


def test_a_batch_of_a_site_it_is_not_is_refused_and_stores_nothing(lab: Lab) -> None:
    request = {"op": "batch", "site": "440000", "incarnation": 1, "first": 1, "previous": "00" * 32, "entries": []}
    reply = unpack(lab["441700"].exchange.answer("441721", pack(request)))
    assert "自称 440000" in reply["refused"]


def test_one_changed_byte_of_a_payload_is_refused(lab: Lab) -> None:
    lab["441721"].send("441700", "a", 7)

    def meddle(sender: str, receiver: str, content: bytes, reach: object) -> bytes:
        message = unpack(content)
        if message.get("op") == "batch":
            message["entries"][0]["payload"] = '{"value":8}'
        return reach(pack(message))  # type: ignore[operator]

    lab.network.weather = meddle
    lab.step("441721")
    lab.network.weather = None
    assert lab["441700"].received("441721") == {}
    lab.settle()
    assert lab["441700"].received("441721") == {"a": [7]}


def test_a_restored_site_gets_back_what_it_had_sent_and_missed(lab: Lab) -> None:
    lab["441721"].send("441700", "a", 1)
    lab.settle()
    copy = lab.backup("441721")
    lab["441721"].send("441700", "a", 2)
    lab["441700"].send("441721", "b", 3)
    lab.settle()
    lab.restore("441721", copy)
    lab["441721"].send("441700", "a", 4)
    lab.settle()
    assert lab["441700"].received("441721") == {"a": [1, 2, 4]}
    assert lab["441721"].received("441700") == {"b": [3]}
    assert lab["441721"].received("441721", recovered=True) == {"a": [2]}
    assert ledgers_are_equal(lab) == []


def test_a_site_restored_without_a_new_incarnation_may_not_send(lab: Lab) -> None:
    copy = lab.backup("441721")
    lab["441721"].send("441700", "a", 1)
    lab.settle()
    lab.incarnations["441721"] = 0
    lab.keys["441721", 1] = lab.keys["441721", 1]
    lab.restore("441721", copy)
    lab["441721"].send("441700", "a", 2)
    with pytest.raises(Fenced, match="1"):
        lab["441721"].exchange.link("441700").step()
