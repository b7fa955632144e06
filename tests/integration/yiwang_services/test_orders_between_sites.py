"""An order between province, city and county, over the real exchange with a network in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from support.three_sites import Three, new_keys

PATIENCE = 20.0
URBAN = "城市管理和综合执法局"


@pytest.fixture(scope="module")
def three(open_site: Any, tree: Any) -> Three:
    """Province, city and county with running links."""
    return Three(open_site, tree, new_keys())


def wait_for(person: Any, order_id: str, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Poll one site until its order is as wanted."""
    deadline, found = time.monotonic() + PATIENCE, None
    while time.monotonic() < deadline:
        answer = person.get(f"/api/collaboration/v1/orders/{order_id}")
        found = answer.json()
        if answer.status_code == 200 and ready(found):
            return dict(found)
        time.sleep(0.05)
    raise AssertionError(f"did not arrive: {found}")


def story(order: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What must be equal on every site."""
    return [(entry["site"], entry["action"], entry["at"]) for entry in order["trace"]]


def test_an_order_is_handed_up_handled_returned_and_closed_and_its_story_is_one_on_three_sites(three: Any) -> None:
    county, city, province = (three[site].person("operator") for site in ("441721", "441700", "440000"))
    order = county.act(county.register(), "accept")
    order = county.act(order, "hand_up", note="需市级协同")
    assert (order["state"], order["here"], order["owner_site"]) == ("handed_over", False, "441700")
    at_city = wait_for(city, order["id"], lambda found: found["here"])
    assert at_city["reporter"] == {"name": "陈小明", "phone": "13800138000", "masked": False}
    at_city = city.dispatch(at_city, URBAN)
    at_city = city.act(city.act(at_city, "sign"), "dispose", note="已处置")
    city.act(at_city, "hand_back", note="请核查")
    back = wait_for(county, order["id"], lambda found: found["here"])
    assert back["state"] == "disposed"
    closed = county.act(county.act(back, "verify"), "close")
    expected = ["register", "accept", "hand_up", "receive", "dispatch", "sign", "dispose", "hand_back", "receive_result",
                "verify", "close"]  # fmt: skip
    assert [entry["action"] for entry in closed["trace"]] == expected
    for person in (city, province):
        copy = wait_for(person, order["id"], lambda found: found["state"] == "closed")
        assert story(copy) == story(closed)
        assert not [action for action in copy["actions"] if action["allowed"]]


def test_while_an_order_is_elsewhere_the_sender_offers_nothing_and_says_where_it_is(three: Any) -> None:
    county = three["441721"].person("operator")
    order = county.act(county.register(), "accept")
    order = county.act(order, "hand_up", note="上报")
    refused = county.try_act(order, "dispatch", unit="00000000-0000-0000-0000-000000000000")
    assert refused.status_code == 409
    assert "441700" in refused.json()["detail"]
    assert all("441700" in action["why_not"] for action in order["actions"])


def test_a_site_that_only_follows_an_order_never_learns_who_reported_it(three: Any) -> None:
    county, province = three["441721"].person("operator"), three["440000"].person("operator")
    order = county.register()
    copy = wait_for(province, order["id"], lambda found: True)
    assert (copy["reporter"]["name"], copy["reporter"]["phone"]) == ("", "")
    assert copy["here"] is False


def test_an_order_handed_down_and_refused_comes_back_as_returned(three: Any) -> None:
    city, county = three["441700"].person("operator"), three["441721"].person("operator")
    order = city.act(city.register(division="441700"), "accept")
    order = city.act(order, "hand_down", site="441721", note="请阳西县办理")
    below = wait_for(county, order["id"], lambda found: found["here"])
    assert [entry["action"] for entry in below["trace"]] == ["register", "accept", "hand_down", "receive"]
    county.act(below, "return_over", note="不属本县职责")
    back = wait_for(city, order["id"], lambda found: found["here"])
    assert back["state"] == "returned"


def test_a_cut_link_loses_nothing_and_the_orders_arrive_when_it_is_back(three: Any) -> None:
    county, city = three["441721"].person("operator"), three["441700"].person("operator")
    with three.cut():
        orders = [county.register(title=f"第 {n} 件") for n in range(12)]
        sent = county.act(county.act(orders[0], "accept"), "hand_up", note="上报")
        assert sent["state"] == "handed_over"
    for order in orders[1:]:
        wait_for(city, order["id"], lambda found: found["state"] == "registered")
    assert wait_for(city, sent["id"], lambda found: found["here"])["state"] == "accepted"


def test_a_child_is_offered_by_name_and_a_stranger_is_refused(three: Any) -> None:
    city = three["441700"].person("operator")
    order = city.act(city.register(division="441700"), "accept")
    fields = next(action for action in order["actions"] if action["name"] == "hand_down")["fields"]
    assert fields[0]["choices"] == [{"value": "441721", "label": "阳西县"}]
    assert city.try_act(order, "hand_down", site="440000", note="往上").status_code == 422
