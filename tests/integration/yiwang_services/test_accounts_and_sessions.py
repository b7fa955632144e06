"""One's own password and sessions, locks that grow, and what the security officer may end."""

from __future__ import annotations

from typing import Any

from yiwang_services.management.settings import ADDRESS_FAILURES

API = "/api/management/v1"


def test_a_former_password_and_a_common_one_are_refused_and_other_sessions_end(fresh_county: Any) -> None:
    first, second = fresh_county.person("leader"), fresh_county.person("leader")
    old = fresh_county.passwords["leader"]
    change = f"{API}/password"
    common = first.post(change, {"current": old, "new": "Guangdong@2026"})
    assert (common.status_code, common.json()["errors"][0]["field"]) == (422, "new")
    assert first.post(change, {"current": old, "new": "rain over the estuary"}).status_code == 200
    assert (first.get("/auth/me").status_code, second.get("/auth/me").status_code) == (200, 401)
    back = first.post(change, {"current": "rain over the estuary", "new": old})
    assert (back.status_code, "最近 5 个" in back.json()["detail"]) == (422, True)


def test_a_password_in_use_for_too_long_must_be_changed_before_anything_else(fresh_county: Any) -> None:
    leader = fresh_county.person("leader")
    leader.post(f"{API}/password", {"current": fresh_county.passwords["leader"], "new": "rain over the estuary"})
    fresh_county.runtime.clock.advance(181 * 86_400)
    again = fresh_county.visitor()
    me = again.sign_in("demo-leader", "rain over the estuary").json()
    assert (me["must_change_password"], me["permissions"]) == (True, [])
    assert again.get(f"{API}/password-policy").json()["days"] == 180


def test_each_further_lock_of_an_account_is_twice_as_long(fresh_county: Any) -> None:
    right, clock = fresh_county.passwords["leader"], fresh_county.runtime.clock

    def lock() -> None:
        for _ in range(5):
            fresh_county.visitor().sign_in("demo-leader", "wrong-password")

    lock()
    clock.advance(15 * 60 + 1)
    lock()
    clock.advance(15 * 60 + 1)
    assert "已暂时锁定" in fresh_county.visitor().sign_in("demo-leader", right).text
    clock.advance(15 * 60)
    assert fresh_county.visitor().sign_in("demo-leader", right).status_code == 200


def test_a_login_that_nobody_has_is_closed_just_the_same(fresh_county: Any) -> None:
    answers = [fresh_county.visitor().sign_in("nobody-here", "wrong-password").text for _ in range(6)]
    assert ["已暂时锁定" in text for text in answers] == [False] * 4 + [True] * 2


def test_an_address_that_tries_many_logins_waits_too(fresh_county: Any) -> None:
    for n in range(ADDRESS_FAILURES):
        fresh_county.visitor().sign_in(f"somebody-{n}", "wrong-password")
    right = fresh_county.passwords["leader"]
    slowed = fresh_county.visitor().sign_in("demo-leader", right)
    assert (slowed.status_code, "过于频繁" in slowed.text) == (429, True)
    fresh_county.runtime.clock.advance(61)
    assert fresh_county.visitor().sign_in("demo-leader", right).status_code == 200


def test_trying_passwords_at_a_desk_left_open_closes_the_account_as_well(fresh_county: Any) -> None:
    leader = fresh_county.person("leader")
    body = {"current": "wrong-password", "new": "rain over the estuary"}
    assert [leader.post(f"{API}/password", body).status_code for _ in range(6)] == [422] * 5 + [403]


def test_sessions_are_listed_without_their_secrets_and_ended_one_by_one_or_all_but_this(fresh_county: Any) -> None:
    here, there, elsewhere = (fresh_county.person("leader") for _ in range(3))
    listed = here.get(f"{API}/account/sessions").json()["items"]
    assert [entry["current"] for entry in listed].count(True) == 1
    assert set(listed[0]) == {"id", "created_at", "seen_at", "expires_at", "agent", "current"}
    mine = next(e["id"] for e in there.get(f"{API}/account/sessions").json()["items"] if e["current"])
    assert here.delete(f"{API}/account/sessions/{mine}").json() == {"ended": 1}
    assert there.get("/auth/me").status_code == 401
    assert here.delete(f"{API}/account/sessions/{mine}").status_code == 404
    assert here.delete(f"{API}/account/sessions").json() == {"ended": 1}
    assert (elsewhere.get("/auth/me").status_code, here.get("/auth/me").status_code) == (401, 200)


def test_a_session_ends_when_nobody_uses_it_and_after_twelve_hours_whoever_does(fresh_county: Any) -> None:
    clock, idle, busy = fresh_county.runtime.clock, fresh_county.person("leader"), fresh_county.person("operator")
    clock.advance(2 * 3600 + 1)
    assert idle.get("/auth/me").status_code == 401
    busy = fresh_county.person("operator")
    for _ in range(11):
        clock.advance(3600)
        assert busy.get("/auth/me").status_code == 200
    clock.advance(3600 + 1)
    assert busy.get("/auth/me").status_code == 401


def test_the_security_officer_ends_other_peoples_sessions_and_opens_accounts_and_nobody_else_does(
    fresh_county: Any,
) -> None:
    administrator, leader = fresh_county.person("administrator"), fresh_county.person("leader")
    users = {user["login"]: user["id"] for user in administrator.get(f"{API}/users", limit=50).json()["items"]}
    root = administrator.get(f"{API}/units/root").json()["id"]
    administrator.post(f"{API}/posts", {"user": users["demo-verifier"], "unit": root, "role": "security"})
    security, theirs = fresh_county.person("verifier"), f"{API}/users/{users['demo-leader']}/sessions"
    assert administrator.get(theirs).status_code == 403
    assert security.get(theirs).json()["total"] == 1
    assert security.delete(theirs).json() == {"ended": 1}
    assert leader.get("/auth/me").status_code == 401
    for _ in range(5):
        fresh_county.visitor().sign_in("demo-leader", "wrong-password")
    assert administrator.get(f"{API}/users", q="demo-leader").json()["items"][0]["locked_until"] is not None
    assert administrator.post(f"{API}/users/{users['demo-leader']}/unlock", {}).status_code == 403
    assert security.post(f"{API}/users/{users['demo-leader']}/unlock", {}).status_code == 200
    assert fresh_county.visitor().sign_in("demo-leader", fresh_county.passwords["leader"]).status_code == 200
