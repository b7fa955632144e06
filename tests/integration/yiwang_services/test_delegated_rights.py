"""Delegated administrators at every door: they grant what they hold, below their own unit, for as long as they hold it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

API = "/api/management/v1"
URBAN, WATER = "城市管理和综合执法局", "水务局"


class Bureau:
    """A county where the verifier administers one bureau."""

    def __init__(self, site: Any) -> None:
        self.site, self.root = site, site.person("administrator")
        self.units = {unit["name"]: unit["id"] for unit in self.root.get(f"{API}/units", limit=100).json()["items"]}
        self.users = {user["login"]: user["id"] for user in self.root.get(f"{API}/users", limit=50).json()["items"]}
        given = self.give("demo-verifier", URBAN, "unit_administrator")
        assert given.status_code == 201, given.text
        self.admin = site.person("verifier")

    def give(self, login: str, unit: str, role: str, *, by: Any = None, **more: Any) -> Any:
        """Try to give a post."""
        body = {"user": self.users[login], "unit": self.units.get(unit, unit), "role": role, **more}
        return (by or self.root).post(f"{API}/posts", body)


@pytest.fixture
def bureau(fresh_county: Any) -> Bureau:
    """One delegated administrator."""
    return Bureau(fresh_county)


def test_a_unit_administrator_makes_handlers_and_administrators_of_units_below_and_nothing_else(bureau: Bureau) -> None:
    made = bureau.admin.post(
        f"{API}/units", {"name": "一中队", "division": "441721", "kind": "team", "parent": bureau.units[URBAN]}
    )
    assert made.status_code == 201, made.text
    team = made.json()["id"]
    assert bureau.give("demo-handler", team, "handler", by=bureau.admin).status_code == 201
    assert bureau.give("demo-handler", team, "unit_administrator", by=bureau.admin).status_code == 201
    for role in ("dispatcher", "leader", "security", "auditor", "administrator"):
        refused = bureau.give("demo-handler", team, role, by=bureau.admin)
        assert refused.status_code == 403, role
        assert refused.json()["next"]
    assert bureau.give("demo-handler", WATER, "handler", by=bureau.admin).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/units", {"name": "越权", "division": "441721", "kind": "team", "parent": "{water}"}),
        ("patch", "/units/{water}", {"name": "越权"}),
        ("post", "/units/{water}/move", {"parent": "{urban}"}),
        ("post", "/units/{urban}/move", {"parent": "{water}"}),
        ("post", "/units/{water}/merge", {"into": "{urban}"}),
        ("post", "/units/{water}/close", {}),
        ("post", "/users", {"login": "x.y", "name": "越权", "unit": "{water}"}),
        ("post", "/users/{leader}/close", {}),
        ("post", "/users/{leader}/reset-password", {}),
        ("post", "/users/{leader}/move", {"unit": "{urban}"}),
        ("post", "/users/{handler}/move", {"unit": "{water}"}),
        ("post", "/grants", {"user": "{handler}", "role": "handler", "division": "441721"}),
        ("post", "/grants", {"user": "{handler}", "role": "handler", "unit": "{root}"}),
        ("post", "/roles", {"code": "mine", "title_zh": "我", "title_en": "mine", "scope": "unit", "permissions":
                            ["management.audit.read"], "home_unit": "{urban}"}),
        ("post", "/roles", {"code": "mine", "title_zh": "我", "title_en": "mine", "scope": "unit", "permissions":
                            ["collaboration.order.read"], "home_unit": "{water}"}),
        ("post", "/users/{handler}/unlock", {}),
        ("post", "/users/{handler}/reset-second-factor", {}),
        ("get", "/users/{handler}/sessions", None),
        ("get", "/audit", None),
        ("get", "/audit/export.jsonl", None),
    ],
)  # fmt: skip
def test_every_door_beyond_ones_own_unit_stays_shut(bureau_county: Bureau, method: str, path: str, body: Any) -> None:
    b = bureau_county
    known = {"water": b.units[WATER], "urban": b.units[URBAN], "root": b.units["阳西县"], "leader": b.users["demo-leader"],
             "handler": b.users["demo-handler"]}  # fmt: skip

    def filled(value: Any) -> Any:
        return value.format(**known) if isinstance(value, str) else value

    address = API + filled(path)
    if body is None:
        answer = b.admin.get(address)
    else:
        said = {key: filled(value) for key, value in body.items()}
        more = (
            {"version": 1}
            if method == "patch" or (path.endswith(("/move", "/merge")) and path.startswith("/units"))
            else {}
        )
        answer = getattr(b.admin, method)(address, said, **more)
    assert answer.status_code == 403, answer.text


@pytest.fixture(scope="module")
def bureau_county(open_site: Any) -> Bureau:
    """The same for tests that change nothing."""
    return Bureau(open_site("441721"))


def test_nothing_is_passed_on_for_longer_than_it_is_held_and_what_ends_ends_at_its_moment(bureau: Bureau) -> None:
    clock = bureau.site.runtime.clock
    noon, evening = ((clock.now() + timedelta(days=days)).isoformat() for days in (1, 2))
    root = bureau.units["阳西县"]
    assert bureau.give("demo-leader", root, "unit_administrator", expires_at=noon).status_code == 201
    temporary = bureau.site.person("leader")
    assert bureau.give("demo-handler", WATER, "handler", by=temporary).status_code == 403
    assert bureau.give("demo-handler", WATER, "handler", by=temporary, expires_at=evening).status_code == 403
    assert bureau.give("demo-handler", WATER, "handler", by=temporary, expires_at=noon).status_code == 201
    past = (clock.now() - timedelta(seconds=1)).isoformat()
    assert bureau.give("demo-handler", WATER, "handler", expires_at=past).status_code == 422


def test_nobody_hands_out_the_password_of_somebody_who_may_do_more(bureau: Bureau) -> None:
    made = bureau.root.post(f"{API}/users", {"login": "chief", "name": "局长", "unit": bureau.units[URBAN]}).json()
    bureau.users["chief"] = made["id"]
    assert bureau.admin.post(f"{API}/users/{made['id']}/reset-password", {}).status_code == 200
    bureau.root.post(f"{API}/grants", {"user": made["id"], "role": "leader", "division": "441721"})
    session = bureau.site.visitor()
    again = bureau.root.post(f"{API}/users/{made['id']}/reset-password", {}).json()["password"]
    session.sign_in("chief", again)
    session.post(f"{API}/password", {"current": again, "new": "rain over the estuary"})
    refused = bureau.admin.post(f"{API}/users/{made['id']}/reset-password", {})
    assert (refused.status_code, "无权授予" in refused.json()["detail"]) == (403, True)


def test_a_role_made_at_the_site_holds_what_its_maker_may_pass_on_and_closes_for_new_posts(bureau: Bureau) -> None:
    body = {"code": "reader", "title_zh": "查阅员", "title_en": "reader", "scope": "unit", "home_unit": bureau.units[URBAN],
            "permissions": ["collaboration.order.read"]}  # fmt: skip
    assert bureau.admin.post(f"{API}/roles", body).status_code == 201
    assert bureau.admin.post(f"{API}/roles", body).status_code == 409
    assert bureau.give("demo-leader", WATER, "reader").status_code == 201
    assert bureau.give("demo-handler", URBAN, "reader", by=bureau.admin).status_code == 201
    assert bureau.admin.post(f"{API}/roles/reader/close", {}).status_code == 200
    assert bureau.give("demo-registrar", URBAN, "reader").status_code == 422
    assert bureau.admin.post(f"{API}/roles/handler/close", {}).status_code == 404


def test_somebody_with_two_posts_may_act_in_one_and_then_has_only_its_rights(bureau: Bureau) -> None:
    person = bureau.admin
    me = person.get("/auth/me").json()
    assert {"management.user.edit", "collaboration.order.verify"} <= set(me["permissions"])
    verifier = next(post for post in me["posts"] if post["role"] == "verifier")
    assert person.put(f"{API}/acting-post", {"post": verifier["id"]}).status_code == 200
    acting = person.get("/auth/me").json()
    assert (acting["acting_post"], "management.user.edit" in acting["permissions"]) == (verifier["id"], False)
    assert bureau.give("demo-handler", URBAN, "handler", by=person).status_code == 403
    assert person.put(f"{API}/acting-post", {"post": bureau.users["demo-leader"]}).status_code == 404
    assert person.put(f"{API}/acting-post", {"post": None}).status_code == 200
    assert "management.user.edit" in person.get("/auth/me").json()["permissions"]


def test_a_person_who_moves_leaves_every_right_behind_at_once(bureau: Bureau) -> None:
    handler, user = bureau.site.person("handler"), bureau.users["demo-handler"]
    assert "collaboration.order.dispose" in handler.get("/auth/me").json()["permissions"]
    moved = bureau.root.post(f"{API}/users/{user}/move", {"unit": bureau.units[WATER]})
    assert (moved.status_code, moved.json()["ended"]) == (200, 1)
    assert handler.get("/auth/me").json()["permissions"] == []
    assert bureau.admin.get(f"{API}/users/{user}").status_code == 404
