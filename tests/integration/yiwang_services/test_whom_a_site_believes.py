"""What a site does with messages about orders: it believes the owner, parks the rest, and heals after a restore."""

from __future__ import annotations

import uuid
from typing import Any

import jsonschema
import pytest

from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_kit.exchange.contracts import Contract, Contracts
from yiwang_services.collaboration import contracts, store
from yiwang_services.collaboration.service import SERVICE
from yiwang_services.collaboration.story import Story, entry_json, snapshot


def story_of(site: Any) -> Story:
    """The message handlers of one site."""
    return Story(site.runtime)


def envelope(site: Any, kind: str, payload: dict[str, Any], *, origin: str, recovered: bool = False) -> Envelope:
    """A message as the exchange hands it over after it checked the signature."""
    now = site.runtime.clock.now()
    key = payload.get("order", payload)["id"]
    return Envelope(uuid.uuid4(), origin, site.runtime.settings.site.id, 1, 1, kind, 1, key, payload, now, recovered)


def told(site: Any, order_id: str, **changes: Any) -> dict[str, Any]:
    """A trace message about an order as it stands at a site, but for the changes."""
    with site.runtime.database.transaction(SERVICE) as session:
        row = store.order(session, uuid.UUID(order_id))
        entries = [entry_json(entry) for entry in store.entries(session, row.id)]
        return {"order": {**snapshot(row), **changes}, "entries": entries, "followers": ["441700", "441721"]}


def hear(site: Any, message: Envelope) -> None:
    """Let a site apply a message as the exchange would."""
    handlers = {contracts.TRACE: "on_trace", contracts.HANDOVER: "on_arrival", contracts.RETURNED: "on_arrival"}
    with site.runtime.database.transaction(SERVICE) as session:
        getattr(story_of(site), handlers[message.kind])(session, message)


def test_a_site_that_does_not_own_an_order_cannot_write_its_story(county: Any) -> None:
    registrar = county.person("registrar")
    order = registrar.register()
    forged = told(county, order["id"], version=9, state="closed", owner_site="441700")
    with pytest.raises(ExchangeReject, match="441721"):
        hear(county, envelope(county, contracts.TRACE, forged, origin="441700"))
    assert registrar.order(order["id"])["state"] == "registered"


def test_an_order_that_nobody_handed_over_is_not_taken(county: Any) -> None:
    order = county.person("registrar").register()
    payload = told(county, order["id"])
    moved = {"order": payload["order"], "reporter": {"name": "", "phone": ""}, "route": ["441700"], "followers": [],
             "arrives_as": "accepted"}  # fmt: skip
    with pytest.raises(ExchangeReject, match="441700"):
        hear(county, envelope(county, contracts.HANDOVER, moved, origin="441700"))
    stranger = {**moved, "order": {**payload["order"], "id": str(uuid.uuid4()), "number": "x-1"}}
    with pytest.raises(ExchangeReject, match="x-1"):
        hear(county, envelope(county, contracts.HANDOVER, stranger, origin="441700"))


def test_an_old_entry_told_again_changes_nothing(county: Any) -> None:
    registrar = county.person("registrar")
    order = registrar.register()
    old = told(county, order["id"])
    before = registrar.act(order, "accept")
    hear(county, envelope(county, contracts.TRACE, old, origin="441721", recovered=True))
    assert registrar.order(order["id"]) == before


def test_a_restored_site_gets_its_own_order_back_with_its_story_and_its_unit(county: Any, fresh_county: Any) -> None:
    registrar, dispatcher = county.person("registrar"), county.person("dispatcher")
    order = dispatcher.dispatch(dispatcher.order(registrar.act(registrar.register(), "accept")["id"]))
    message = told(county, order["id"])
    hear(fresh_county, envelope(fresh_county, contracts.TRACE, message, origin="441721", recovered=True))
    back = fresh_county.person("dispatcher").order(order["id"])
    assert (back["state"], back["here"], back["unit"]) == ("dispatched", True, order["unit"])
    assert [entry["action"] for entry in back["trace"]] == ["register", "accept", "dispatch"]


def test_an_order_from_outside_the_sites_divisions_is_seen_by_the_whole_site(fresh_county: Any, county: Any) -> None:
    order = county.person("registrar").register()
    message = told(county, order["id"], division="441700", division_name="阳江市", owner_site="441700")
    hear(fresh_county, envelope(fresh_county, contracts.TRACE, message, origin="441700"))
    copy = fresh_county.person("registrar").order(order["id"])
    assert (copy["division"], copy["division_name"], copy["here"]) == ("441700", "阳江市", False)


@pytest.mark.parametrize("kind", sorted(contracts.schemas()))
def test_every_contract_refuses_what_it_does_not_name(kind: str) -> None:
    registered = Contracts()
    registered.register(Contract(kind, "collaboration", contracts.schemas()[kind], lambda *_: None, 1))
    with pytest.raises(ExchangeReject, match=kind):
        registered.check(kind, 1, {"surprise": 1})


def test_what_the_next_release_will_say_is_understood_and_not_yet_said(county: Any, fresh_county: Any) -> None:
    photo = {
        "id": str(uuid.uuid4()),
        "digest": "ab" * 32,
        "size": 9,
        "media_type": "image/png",
        "name": "a.png",
        "created_by": "li",
    }
    message = told(county, county.person("registrar").register()["id"], owner_site="441700", state="handed_over")
    schemas = contracts.schemas()[contracts.TRACE]
    jsonschema.validate(message, schemas[1])
    later = {**message, "order": {**message["order"], "generated": True}, "attachments": [photo]}
    jsonschema.validate(later, schemas[2])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(later, schemas[1])
    hear(fresh_county, envelope(fresh_county, contracts.TRACE, later, origin="441700"))
    seen = fresh_county.person("leader").order(message["order"]["id"])
    assert (seen["generated"], seen["evidence"]["photos"]["present"]) == (True, 1)
    assert set(contracts.SENT.values()) == {1}
