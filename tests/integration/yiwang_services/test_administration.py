"""Divisions, units, people and rights over HTTP: delegated, separated, and never upwards."""

from __future__ import annotations

from typing import Any

import pytest

API = "/api/management/v1"


def unit_named(person: Any, name: str) -> dict[str, Any]:
    """A unit by its name."""
    return next(unit for unit in person.get(f"{API}/units", limit=200).json()["items"] if unit["name"] == name)


def add_user(administrator: Any, login: str, unit: str) -> str:
    """A new person in a unit."""
    answer = administrator.post(f"{API}/users", {"login": login, "name": "新同事", "unit": unit})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_divisions_reach_from_the_province_down_to_the_villages(county: Any) -> None:
    person = county.person("leader")
    here = person.get(f"{API}/divisions/441721").json()
    assert [step["name"] for step in here["path"]] == ["广东省", "阳江市", "阳西县"]
    town = here["children"][0]
    assert (town["tier"], town["has_children"]) == ("town", True)
    villages = person.get(f"{API}/divisions/{town['code']}").json()["children"]
    assert {village["tier"] for village in villages} == {"village"}


def test_a_county_keeps_its_ancestors_and_its_own_and_nothing_of_its_neighbours(county: Any) -> None:
    person = county.person("leader")
    assert person.get(f"{API}/divisions/441700").json()["name"] == "阳江市"
    assert person.get(f"{API}/divisions/441704").status_code == 404
    assert person.get(f"{API}/divisions/abc").status_code == 422


def test_divisions_are_found_by_name_and_percent_is_only_a_character(county: Any) -> None:
    person = county.person("leader")
    assert person.get(f"{API}/divisions", q="阳西").json()["items"][0]["code"] == "441721"
    assert person.get(f"{API}/divisions", q="%").json()["items"] == []


def test_the_starter_organisation_has_bureaus_a_centre_and_the_towns_all_marked_as_samples(county: Any) -> None:
    units = county.person("leader").get(f"{API}/units", limit=200).json()["items"]
    kinds = {unit["kind"] for unit in units}
    assert {"government", "centre", "urban", "water", "town"} <= kinds
    assert all(unit["sample"] for unit in units)


def test_an_administrator_of_one_bureau_reaches_nobody_outside_it(fresh_county: Any) -> None:
    root = fresh_county.person("administrator")
    urban, water = unit_named(root, "城市管理和综合执法局"), unit_named(root, "水务局")
    made = root.post(f"{API}/users", {"login": "urban-admin", "name": "城管管理员", "unit": urban["id"]}).json()
    assert (
        root.post(f"{API}/posts", {"user": made["id"], "unit": urban["id"], "role": "administrator"}).status_code == 201
    )
    admin = fresh_county.visitor()
    admin.sign_in("urban-admin", made["password"])
    admin.post(f"{API}/password", {"current": made["password"], "new": "a-long-new-secret"})
    assert add_user(admin, "urban-handler", urban["id"])
    assert admin.post(f"{API}/users", {"login": "water-handler", "name": "某", "unit": water["id"]}).status_code == 403
    listed = {user["login"] for user in admin.get(f"{API}/users", limit=200).json()["items"]}
    assert listed == {"urban-admin", "urban-handler", "demo-handler"}
    handler = next(u for u in admin.get(f"{API}/users", q="urban-handler").json()["items"])
    give = {"user": handler["id"], "unit": urban["id"]}
    assert admin.post(f"{API}/posts", {**give, "role": "handler"}).status_code == 201
    # A dispatcher's post in a bureau would reach over the whole county.
    assert admin.post(f"{API}/posts", {**give, "role": "dispatcher"}).status_code == 403


def test_nobody_changes_their_own_rights(county: Any) -> None:
    administrator = county.person("administrator")
    me = administrator.get("/auth/me").json()
    give = {"user": me["user"]["id"], "unit": me["posts"][0]["unit"]["id"], "role": "dispatcher"}
    assert administrator.post(f"{API}/posts", give).status_code == 403
    assert administrator.post(f"{API}/users/{me['user']['id']}/close", {}).status_code == 403


@pytest.mark.parametrize("role", ["auditor", "security"])
def test_system_security_and_audit_duties_are_not_in_one_hand(fresh_county: Any, role: str) -> None:
    administrator = fresh_county.person("administrator")
    root = unit_named(administrator, "阳西县")
    user = add_user(administrator, "somebody", root["id"])
    give = {"user": user, "unit": root["id"]}
    assert administrator.post(f"{API}/posts", {**give, "role": "administrator"}).status_code == 201
    refused = administrator.post(f"{API}/posts", {**give, "role": role})
    assert (refused.status_code, "三员" in refused.json()["detail"]) == (409, True)


def test_a_grant_gives_a_roles_rights_over_a_unit_until_it_is_taken_away(fresh_county: Any) -> None:
    administrator, leader = fresh_county.person("administrator"), fresh_county.person("leader")
    urban = unit_named(administrator, "城市管理和综合执法局")
    user = administrator.get(f"{API}/users", q="demo-leader").json()["items"][0]["id"]
    made = administrator.post(f"{API}/grants", {"user": user, "role": "handler", "unit": urban["id"]})
    assert made.status_code == 201
    assert "collaboration.order.dispose" in leader.get("/auth/me").json()["permissions"]
    assert [g["id"] for g in administrator.get(f"{API}/grants").json()["items"]] == [made.json()["id"]]
    assert administrator.delete(f"{API}/grants/{made.json()['id']}").status_code == 200
    assert "collaboration.order.dispose" not in leader.get("/auth/me").json()["permissions"]


def test_a_closed_unit_takes_its_posts_rights_with_it(fresh_county: Any) -> None:
    administrator, handler = fresh_county.person("administrator"), fresh_county.person("handler")
    urban = unit_named(administrator, "城市管理和综合执法局")
    assert administrator.post(f"{API}/units/{urban['id']}/close", {}).status_code == 200
    assert handler.get("/auth/me").json()["permissions"] == []
    root = unit_named(administrator, "阳西县")
    assert administrator.post(f"{API}/units/{root['id']}/close", {}).status_code == 409


def test_the_trail_is_for_the_auditor_alone(county: Any) -> None:
    assert county.person("administrator").get(f"{API}/audit").status_code == 403
    rows = county.person("auditor").get(f"{API}/audit", limit=5).json()["items"]
    assert [row["n"] for row in rows] == sorted((row["n"] for row in rows), reverse=True)


@pytest.mark.parametrize(
    "body",
    [
        {"login": "Großes", "name": "某"},
        {"login": "ok-login", "name": ""},
        {"login": "ok-login", "name": "换\n行"},
        {"login": "demo-leader", "name": "重名"},
        {"login": "ok-login", "name": "某", "is_root": True},
    ],
)
def test_a_person_is_not_made_of_just_anything(county: Any, body: dict[str, Any]) -> None:
    administrator = county.person("administrator")
    unit = unit_named(administrator, "阳西县")["id"]
    assert administrator.post(f"{API}/users", {**body, "unit": unit}).status_code in {409, 422}


def test_pages_of_units_follow_each_other(county: Any) -> None:
    person = county.person("leader")
    whole = [unit["id"] for unit in person.get(f"{API}/units", limit=200).json()["items"]]
    seen: list[str] = []
    answer = person.get(f"{API}/units", limit=4).json()
    while True:
        seen += [unit["id"] for unit in answer["items"]]
        if answer["next"] is None:
            break
        answer = person.get(f"{API}/units", limit=4, cursor=answer["next"]).json()
    assert seen == whole


def test_a_repeat_of_the_demonstration_changes_nothing_and_renewing_gives_new_passwords(
    fresh_county: Any, say: Any
) -> None:
    again = say("demo-users", fresh_county.runtime)["users"]
    assert all(not user["created"] and "password" not in user for user in again.values())
    renewed = say("demo-users", fresh_county.runtime, "--renew")["users"]
    assert fresh_county.visitor().sign_in("demo-leader", renewed["leader"]["password"]).status_code == 200
