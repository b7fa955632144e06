"""The site's own provider: code flow with PKCE, lock-out, first password, tokens, the fleet."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from yiwang_kit.audit import verify


def begun(person: Any) -> tuple[str, dict[str, str]]:
    """Begin a sign-in; return the provider's address and its parameters."""
    address = person.http.get("/auth/login").headers["location"]
    return address, {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def form_of(page: str) -> str:
    """The signed request in the page."""
    return page.split('name="request" value="')[1].split('"', maxsplit=1)[0]


def test_the_provider_describes_itself_and_shows_only_the_public_half_of_its_key(county: Any) -> None:
    visitor = county.visitor()
    described = visitor.get("/oidc/.well-known/openid-configuration").json()
    assert described["issuer"] == "http://s441721.test/oidc"
    assert described["code_challenge_methods_supported"] == ["S256"]
    key = visitor.get("/oidc/jwks").json()["keys"][0]
    assert (key["alg"], key["crv"], "d" in key) == ("ES256", "P-256", False)


def test_the_page_is_bilingual_labelled_and_carries_no_script(county: Any) -> None:
    visitor = county.visitor()
    page = visitor.get(begun(visitor)[0])
    assert "阳西县" in page.text
    assert "Sign in" in page.text
    assert 'for="password"' in page.text
    assert "<script" not in page.text
    assert "演示环境" in page.text
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://evil.example/callback"},
        {"client_id": "somebody"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"response_type": "token"},
        {"scope": "profile"},
        {"state": ""},
    ],
)
def test_a_wrong_request_is_refused_here_and_redirects_nowhere(county: Any, change: dict[str, str]) -> None:
    visitor = county.visitor()
    _, query = begun(visitor)
    answer = visitor.get("/oidc/authorize", **{**query, **change})
    assert answer.status_code == 422
    assert next(iter(change)) in answer.json()["detail"]


def test_a_wrong_password_shows_the_page_again_with_the_reason_and_keeps_the_login(county: Any) -> None:
    answer = county.visitor().sign_in("demo-leader", "wrong-password")
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert 'value="demo-leader"' in answer.text


@pytest.mark.parametrize("login", ["nobody", "", "'; drop table person --", "长" * 40])
def test_a_login_that_nobody_has_gets_the_same_answer(county: Any, login: str) -> None:
    answer = county.visitor().sign_in(login, "whatever-it-is")
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text


def test_a_login_with_nul_is_refused_at_the_door(county: Any) -> None:
    assert county.visitor().sign_in("x\x00y", "whatever-it-is").status_code == 422


def test_five_wrong_passwords_close_the_account_for_a_while_even_for_the_right_one(fresh_county: Any) -> None:
    right = fresh_county.passwords["leader"]
    for _ in range(5):
        answer = fresh_county.visitor().sign_in("demo-leader", "wrong-password")
    assert "已暂时锁定" in answer.text
    assert "已暂时锁定" in fresh_county.visitor().sign_in("demo-leader", right).text
    fresh_county.runtime.clock.advance(16 * 60)
    assert fresh_county.visitor().sign_in("demo-leader", right).status_code == 200


def test_a_code_works_once_and_only_with_the_verifier_that_began_it(county: Any) -> None:
    visitor = county.visitor()
    address, query = begun(visitor)
    form = form_of(visitor.get(address).text)
    entered = visitor.http.post("/oidc/authorize", data={"request": form, "login": "demo-leader",
                                                         "password": county.passwords["leader"]})  # fmt: skip
    code = parse_qs(urlsplit(entered.headers["location"]).query)["code"][0]
    with county.runtime.database.transaction() as session:
        verifier = session.execute(
            text("SELECT verifier FROM kit.sign_in WHERE state = :s"), {"s": query["state"]}
        ).scalar()
    wrong = {"grant_type": "authorization_code", "code": code, "client_id": "hub", "code_verifier": "guess" * 10,
             "redirect_uri": query["redirect_uri"]}  # fmt: skip
    refused = visitor.http.post("/oidc/token", data=wrong)
    assert (refused.status_code, refused.json()["error"]) == (422, "invalid_grant")
    # A code that was tried with a wrong verifier is spent: whoever guesses has one try.
    assert visitor.http.post("/oidc/token", data={**wrong, "code_verifier": verifier}).status_code == 422


def test_a_form_left_open_too_long_begins_again(fresh_county: Any) -> None:
    visitor = fresh_county.visitor()
    form = form_of(visitor.get(begun(visitor)[0]).text)
    fresh_county.runtime.clock.advance(11 * 60)
    answer = visitor.http.post("/oidc/authorize", data={"request": form, "login": "demo-leader", "password": "x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/auth/login")


def test_the_first_administrator_must_change_the_password_before_anything_else(fresh_county: Any, say: Any) -> None:
    made = say("bootstrap", fresh_county.runtime)
    assert (made["created"], len(made["password"])) == (True, 16)
    assert say("bootstrap", fresh_county.runtime)["created"] is False
    admin = fresh_county.visitor()
    me = admin.sign_in("admin", made["password"]).json()
    assert (me["must_change_password"], me["permissions"]) == (True, [])
    assert admin.get("/api/management/v1/users").status_code == 403
    password = "/api/management/v1/password"
    assert admin.post(password, {"current": "wrong", "new": "a-long-new-password"}).status_code == 422
    assert admin.post(password, {"current": made["password"], "new": "short"}).status_code == 422
    assert admin.post(password, {"current": made["password"], "new": "my-admin-password"}).status_code == 422
    assert admin.post(password, {"current": made["password"], "new": "a-long-new-secret"}).status_code == 200
    assert "management.user.edit" in admin.get("/auth/me").json()["permissions"]
    assert admin.get("/api/management/v1/users").status_code == 200


def test_a_reset_password_ends_the_sessions_and_must_be_changed(fresh_county: Any, say: Any) -> None:
    leader = fresh_county.person("leader")
    given = say("reset-password", fresh_county.runtime, "demo-leader")
    assert leader.get("/auth/me").status_code == 401
    assert fresh_county.visitor().sign_in("demo-leader", given["password"]).json()["must_change_password"] is True


def test_a_closed_account_is_out_with_the_next_request(fresh_county: Any) -> None:
    leader, administrator = fresh_county.person("leader"), fresh_county.person("administrator")
    users = administrator.get("/api/management/v1/users", q="demo-leader").json()["items"]
    assert administrator.post(f"/api/management/v1/users/{users[0]['id']}/close", {}).status_code == 200
    assert leader.get("/auth/me").status_code == 401
    assert fresh_county.visitor().sign_in("demo-leader", fresh_county.passwords["leader"]).status_code == 401


def test_a_token_for_the_fleet_is_meant_for_the_fleet_and_needs_the_permission(county: Any) -> None:
    issue = county.runtime.fleet_token
    with county.runtime.database.transaction() as session:
        people = dict(session.execute(text("SELECT login, id FROM management_public.v1_user")).all())

    class Somebody:
        def __init__(self, login: str) -> None:
            self.user_id = people[login]

    token = issue(Somebody("demo-leader"))
    about = county.visitor().http.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert about.status_code == 401
    orders = county.visitor().http.get("/api/collaboration/v1/orders", headers={"Authorization": f"Bearer {token}"})
    assert orders.status_code == 401
    with pytest.raises(Exception, match=r"fleet\.matrix\.read"):
        issue(Somebody("demo-handler"))


def test_sign_ins_leave_a_trail_that_holds_together(county: Any) -> None:
    county.person("registrar").register()
    with county.runtime.database.transaction() as session:
        assert verify(session) is None
        actions = set(session.execute(text("SELECT action FROM kit.audit")).scalars())
    assert {"management.sign_in", "collaboration.order.register", "management.demo_users"} <= actions
