"""Moves, merges and closures of units: with a history, with rights that follow at once, and never under open orders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

API = "/api/management/v1"
URBAN, WATER = "城市管理和综合执法局", "水务局"


@pytest.fixture
def root(fresh_county: Any) -> Any:
    """The county's administrator."""
    return fresh_county.person("administrator")


def unit(person: Any, name: str) -> dict[str, Any]:
    """A unit by its name, as it is now."""
    found = person.get(f"{API}/units", q=name, closed="true", limit=100).json()["items"]
    return dict(next(one for one in found if one["name"] == name))


def add(person: Any, name: str, parent: str) -> dict[str, Any]:
    """A new team below a unit."""
    body = {"name": name, "division": "441721", "kind": "team", "parent": parent}
    answer = person.post(f"{API}/units", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def move(person: Any, one: dict[str, Any], parent: dict[str, Any], **more: Any) -> Any:
    """Move a unit, having seen its version."""
    return person.post(f"{API}/units/{one['id']}/move", {"parent": parent["id"], **more}, version=one["version"])


def closure_faults(site: Any) -> int:
    """How many rows the closure has too many or too few, by a walk that knows nothing of moves."""
    with site.runtime.database.transaction("management") as session:
        parents = dict(session.execute(text("SELECT id, parent FROM management.unit")).all())
        kept = {
            tuple(row)
            for row in session.execute(text("SELECT ancestor, descendant, depth FROM management.unit_closure"))
        }
    right = set()
    for one in parents:
        above, depth = one, 0
        while above is not None:
            right.add((above, one, depth))
            above, depth = parents[above], depth + 1
    return len(right ^ kept)


def test_a_moved_unit_takes_everything_below_along_and_its_history_tells_when_and_why(
    fresh_county: Any, root: Any
) -> None:
    urban, water = unit(root, URBAN), unit(root, WATER)
    team = add(root, "一中队", urban["id"])
    group = add(root, "一小组", team["id"])
    fresh_county.runtime.clock.advance(86_400)
    root = fresh_county.person("administrator")
    moved = move(root, team, water, reason="机构改革")
    assert (moved.status_code, moved.json()["parent"], moved.json()["version"]) == (200, water["id"], 2)
    assert [step["name"] for step in root.get(f"{API}/units/{group['id']}").json()["path"]] == [
        "阳西县",
        WATER,
        "一中队",
        "一小组",
    ]
    newest, first = root.get(f"{API}/units/{team['id']}/history").json()["items"]
    assert (newest["parent"]["name"], newest["reason"], newest["by"]) == (WATER, "机构改革", "demo-administrator")
    assert (first["parent"]["name"], first["valid_to"]) == (URBAN, newest["valid_from"])
    before = (fresh_county.runtime.clock.now() - timedelta(days=1)).date().isoformat()
    then = {item["id"]: item["parent"] for item in root.get(f"{API}/units/tree", on=before).json()["items"]}
    today = {item["id"]: item["parent"] for item in root.get(f"{API}/units/tree").json()["items"]}
    assert (then[team["id"]], today[team["id"]]) == (urban["id"], water["id"])
    assert closure_faults(fresh_county) == 0


def test_rights_follow_a_move_with_the_next_request(fresh_county: Any, root: Any) -> None:
    handler = fresh_county.person("handler")
    team = add(root, "一中队", unit(root, WATER)["id"])
    ask = {"permission": "collaboration.order.dispose", "unit": team["id"]}
    assert handler.post(f"{API}/decide", ask).json() == {"allowed": False}
    assert move(root, team, unit(root, URBAN)).status_code == 200
    assert handler.post(f"{API}/decide", ask).json() == {"allowed": True}
    assert move(root, unit(root, "一中队"), unit(root, WATER)).status_code == 200
    assert handler.post(f"{API}/decide", ask).json() == {"allowed": False}


def test_no_circle_no_stale_version_no_move_of_the_topmost(fresh_county: Any, root: Any) -> None:
    urban = unit(root, URBAN)
    team = add(root, "一中队", urban["id"])
    assert move(root, urban, team).status_code == 409
    assert move(root, urban, urban).status_code == 409
    assert move(root, unit(root, "阳西县"), urban).status_code == 409
    assert move(root, {**team, "version": 7}, unit(root, WATER)).status_code == 412
    assert root.post(f"{API}/units/{team['id']}/move", {"parent": urban["id"]}).status_code == 422
    assert closure_faults(fresh_county) == 0


def test_a_unit_with_open_orders_is_neither_closed_nor_merged_and_what_to_do_is_named(
    fresh_county: Any, root: Any
) -> None:
    operator = fresh_county.person("operator")
    order = operator.dispatch(operator.act(operator.register(), "accept"))
    urban, water = unit(root, URBAN), unit(root, WATER)
    refused = root.post(f"{API}/units/{urban['id']}/close", {})
    assert (refused.status_code, refused.json()["uses"]) == (
        409, [{"what_zh": "件未结工单", "what_en": "open work orders", "n": 1}])  # fmt: skip
    assert "转派" in refused.json()["next"]
    merge = {"into": water["id"]}
    assert root.post(f"{API}/units/{urban['id']}/merge", merge, version=urban["version"]).status_code == 409
    offered = next(a for a in order["actions"] if a["name"] == "transfer")["fields"][0]["choices"]
    operator.act(order, "transfer", unit=next(c["value"] for c in offered if c["label"] == WATER), note="职责调整")
    assert root.post(f"{API}/units/{urban['id']}/close", {}).status_code == 200
    assert unit(root, URBAN)["active"] is False


def test_a_merged_unit_gives_its_people_posts_and_teams_to_the_other_and_is_closed(
    fresh_county: Any, root: Any
) -> None:
    handler = fresh_county.person("handler")
    urban, water = unit(root, URBAN), unit(root, WATER)
    team = add(root, "一中队", urban["id"])
    done = root.post(
        f"{API}/units/{urban['id']}/merge", {"into": water["id"], "reason": "合并"}, version=urban["version"]
    )
    assert (done.status_code, done.json()["units"], done.json()["people"], done.json()["posts"]) == (200, 1, 1, 1)
    ask = {"permission": "collaboration.order.dispose", "unit": team["id"]}
    assert handler.post(f"{API}/decide", ask).json() == {"allowed": True}
    assert handler.get("/auth/me").json()["posts"][0]["unit"]["name"] == WATER
    assert root.post(f"{API}/units/{urban['id']}/open", {}).status_code == 409
    assert closure_faults(fresh_county) == 0


def test_a_closed_unit_opens_again_with_the_rights_of_its_posts(fresh_county: Any, root: Any) -> None:
    handler, urban = fresh_county.person("handler"), unit(root, URBAN)
    root.post(f"{API}/units/{urban['id']}/close", {"reason": "暂停"})
    assert handler.get("/auth/me").json()["permissions"] == []
    assert root.post(f"{API}/units/{urban['id']}/open", {}).status_code == 200
    assert "collaboration.order.dispose" in handler.get("/auth/me").json()["permissions"]


def test_a_unit_is_renamed_and_its_code_is_its_own(root: Any) -> None:
    urban, water = unit(root, URBAN), unit(root, WATER)
    changed = root.patch(f"{API}/units/{urban['id']}", {"name": "城管局", "code": "CG-1"}, version=urban["version"])
    assert (changed.json()["name"], changed.json()["code"]) == ("城管局", "CG-1")
    taken = root.patch(f"{API}/units/{water['id']}", {"code": "CG-1"}, version=water["version"])
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (422, "code")
    assert root.patch(f"{API}/units/{water['id']}", {"name": "水利局"}).status_code == 422
    abroad = {"name": "飞地", "division": "441704", "kind": "team", "parent": water["id"]}
    assert root.post(f"{API}/units", abroad).status_code == 422
