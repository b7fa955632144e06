"""The tier below keeps the upper units of the tier above: read-only, whole after every change, and only from its parent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from sqlalchemy import select

from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_services.management import replica, tables
from yiwang_services.management.contracts import ORGANISATION, schemas

API = "/api/management/v1"


class Sent:
    """What was sent, instead of an exchange with links."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, dict[str, Any]]] = []

    def send(self, session: Any, *, to: str, kind: str, key: str, payload: dict[str, Any]) -> None:
        assert (kind, key) == (ORGANISATION, "organisation")
        self.parts.append((to, payload))


@pytest.fixture
def city(open_site: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, replica.Replica, Sent]:
    """A city whose county understands the message."""
    site, sent = open_site("441700"), Sent()
    monkeypatch.setattr(replica.Replica, "_understands", lambda *_: True)
    monkeypatch.setattr(site.runtime.exchange, "send", sent.send)
    return site, replica.Replica(site.runtime), sent


def envelope(payload: dict[str, Any], origin: str = "441700") -> Any:
    """A message as the exchange hands it over."""
    return SimpleNamespace(origin=origin, payload=payload)


def kept(site: Any) -> set[str]:
    """The names of the upper units at a site."""
    answer = site.person("leader").get(f"{API}/upper-units").json()["items"]
    assert all(item["site"] == "441700" for item in answer)
    return {item["name"] for item in answer}


def bring(county: Any, sent: Sent) -> None:
    """Let the county apply everything that was sent, twice, as a link that repeats itself would."""
    below = replica.Replica(county.runtime)
    for _, payload in sent.parts * 2:
        with county.runtime.database.transaction("management") as session:
            below.keep(session, envelope(payload))


def test_what_the_city_sends_is_what_the_county_keeps_and_only_changes_are_sent(city: Any, fresh_county: Any) -> None:
    site, above, sent = city
    assert (above.renew(), above.renew()) == (1, 0)
    assert {to for to, _ in sent.parts} == {"441721"}
    bring(fresh_county, sent)
    assert {"阳江市", "水务局"} <= kept(fresh_county)
    administrator = site.person("administrator")
    water = administrator.get(f"{API}/units", q="水务局").json()["items"][0]
    sent.parts.clear()
    administrator.patch(f"{API}/units/{water['id']}", {"name": "水利局"}, version=water["version"])
    if not sent.parts:
        above.renew()
    bring(fresh_county, sent)
    assert "水利局" in kept(fresh_county)
    assert "水务局" not in kept(fresh_county)
    assert sent.parts[0][1]["version"] == 2


def test_a_message_fits_its_contract_and_comes_from_the_parent_alone(city: Any, fresh_county: Any) -> None:
    _, above, sent = city
    above.renew()
    for _, payload in sent.parts:
        jsonschema.validate(payload, schemas(ORGANISATION)[1])
    below = replica.Replica(fresh_county.runtime)
    with fresh_county.runtime.database.transaction("management") as session:
        with pytest.raises(ExchangeReject, match="440000"):
            below.keep(session, envelope(sent.parts[0][1], origin="440000"))
        assert session.execute(select(tables.upper_unit)).all() == []


def test_an_envelope_carries_what_the_replica_reads() -> None:
    assert {"origin", "payload"} <= set(Envelope.__dataclass_fields__)
