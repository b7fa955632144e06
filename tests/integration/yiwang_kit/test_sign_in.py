"""Sign-in by the code flow, sessions on the server, bearer tokens, and everything that must not be believed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc.jwk import ECKey

from support.kit_lab import SITE, URL, Lab

HOUR = 3600


def test_the_code_flow_ends_in_a_session_and_goes_where_the_person_wanted(lab: Lab) -> None:
    answer = lab.sign_in(lab.person(), "/orders?state=open")
    assert (answer.status_code, answer.headers["location"]) == (302, "/orders?state=open")
    me = lab.client.get("/auth/me").json()
    assert me["user"]["name"] == "𠮷㐂"
    assert me["site"]["id"] == SITE


def test_the_cookie_names_its_site_and_no_script_reads_it(lab: Lab) -> None:
    cookie = lab.sign_in(lab.person()).headers["set-cookie"]
    assert cookie.startswith(f"yw_{SITE}_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_the_database_does_not_hold_the_cookie(lab: Lab) -> None:
    lab.sign_in(lab.person())
    secret = lab.client.cookies[f"yw_{SITE}_session"]
    with lab.runtime.database.transaction() as session:
        stored = session.connection().exec_driver_sql("SELECT digest FROM kit.session").scalar_one()
    assert secret != stored


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test", "", "evil"])
def test_sign_in_never_sends_anybody_to_another_site(lab: Lab, target: str) -> None:
    assert lab.sign_in(lab.person(), target).headers["location"] == "/"


def test_a_sign_in_is_used_once(lab: Lab) -> None:
    lab.toy.person = str(lab.person())
    query = lab.begun()
    back = lab.client.get("/oidc/authorize", params=query, follow_redirects=False).headers["location"]
    assert lab.client.get(back, follow_redirects=False).status_code == 302
    again = lab.client.get(back, follow_redirects=False)
    assert again.status_code == 401
    assert "已过期或已使用" in again.json()["detail"]


def test_nobody_is_signed_in_by_a_link_that_another_browser_began(lab: Lab) -> None:
    lab.toy.person = str(lab.person("attacker"))
    back = lab.client.get("/oidc/authorize", params=lab.begun(), follow_redirects=False).headers["location"]
    lab.client.cookies.clear()
    lab.begun()
    answer = lab.client.get(back, follow_redirects=False)
    assert answer.status_code == 401
    assert "not begun in this browser" in answer.json()["detail"]


def test_two_tabs_may_sign_in_at_once(lab: Lab) -> None:
    lab.toy.person = str(lab.person())
    first, second = lab.begun(), lab.begun()
    for query in (second, first):
        back = lab.client.get("/oidc/authorize", params=query, follow_redirects=False).headers["location"]
        assert lab.client.get(back, follow_redirects=False).status_code == 302


def test_a_sign_in_left_alone_expires(lab: Lab) -> None:
    query = lab.begun()
    back = lab.client.get("/oidc/authorize", params=query, follow_redirects=False).headers["location"]
    lab.clock.advance(601)
    assert lab.client.get(back, follow_redirects=False).status_code == 401


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "fleet"}, "meant for fleet, not hub"),
        ({"iss": "http://other.test/oidc"}, "issued by http://other.test/oidc"),
        ({"exp": 0}, "has expired"),
        ({"exp": "soon"}, "has expired"),
        ({"exp": None}, "has expired"),
        ({"nbf": 99999999999}, "not valid yet"),
        ({"sub": None}, "names nobody"),
        ({"nonce": "n"}, "an id token is no access token"),
    ],
)
def test_a_token_that_is_not_for_us_is_refused_with_the_reason(lab: Lab, claims: dict[str, Any], reason: str) -> None:
    lab.toy.person = str(lab.person())
    answer = lab.client.get("/auth/me", headers={"Authorization": f"Bearer {lab.toy.token(**claims)}"})
    assert answer.status_code == 401
    assert reason in answer.json()["detail"]
    assert answer.json()["next"] == "/auth/login"


def test_a_bearer_token_of_our_issuer_is_believed(lab: Lab) -> None:
    lab.toy.person = str(lab.person("wang"))
    answer = lab.client.get("/auth/me", headers={"Authorization": f"Bearer {lab.toy.token()}"})
    assert answer.json()["user"]["login"] == "wang"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "𠮷"])
def test_what_is_no_token_is_refused(lab: Lab, token: str) -> None:
    answer = lab.client.get("/auth/me", headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401


def test_a_token_of_another_key_is_refused_and_the_keys_are_not_asked_for_each(fresh_lab: Lab) -> None:
    fresh_lab.toy.person = str(fresh_lab.person())
    good = fresh_lab.toy.token()
    fresh_lab.client.get("/auth/me", headers={"Authorization": f"Bearer {good}"})
    real, fresh_lab.toy.key = fresh_lab.toy.key, ECKey.generate_key("P-256", {"kid": "toy"})
    forged = fresh_lab.toy.token()
    fresh_lab.toy.key = real
    for _ in range(5):
        assert fresh_lab.client.get("/auth/me", headers={"Authorization": f"Bearer {forged}"}).status_code == 401
    assert fresh_lab.toy.jwks_asked == 1


def test_a_replaced_key_is_learnt(fresh_lab: Lab) -> None:
    fresh_lab.toy.person = str(fresh_lab.person())
    fresh_lab.client.get("/auth/me", headers={"Authorization": f"Bearer {fresh_lab.toy.token()}"})
    fresh_lab.toy.key = ECKey.generate_key("P-256", {"kid": "toy"})
    fresh_lab.clock.advance(61)
    assert (
        fresh_lab.client.get("/auth/me", headers={"Authorization": f"Bearer {fresh_lab.toy.token()}"}).status_code
        == 200
    )


def test_an_id_token_for_another_sign_in_opens_no_session(lab: Lab) -> None:
    lab.toy.changes = {"nonce": "of another"}
    answer = lab.sign_in(lab.person())
    assert answer.status_code == 401
    assert "another sign-in" in answer.json()["detail"]


@pytest.mark.parametrize("seconds", [2 * HOUR + 1, 13 * HOUR])
def test_a_session_ends_when_idle_or_old(lab: Lab, seconds: int) -> None:
    lab.sign_in(lab.person())
    lab.clock.advance(seconds)
    assert lab.client.get("/auth/me").status_code == 401


def test_a_session_in_use_lives_on_until_its_lifetime(lab: Lab) -> None:
    lab.sign_in(lab.person())
    for _ in range(11):
        lab.clock.advance(HOUR)
        assert lab.client.get("/auth/me").status_code == 200
    lab.clock.advance(HOUR)
    assert lab.client.get("/auth/me").status_code == 401


def test_signing_out_ends_the_session_on_the_server(lab: Lab) -> None:
    lab.sign_in(lab.person())
    secret = lab.client.cookies[f"yw_{SITE}_session"]
    assert lab.post("/auth/logout", None).status_code == 200
    lab.client.cookies.set(f"yw_{SITE}_session", secret)
    assert lab.client.get("/auth/me").status_code == 401


def test_a_closed_account_is_out_at_the_next_request(lab: Lab) -> None:
    person = lab.person()
    lab.sign_in(person)
    lab.sql("UPDATE management_public.v1_user SET active = false WHERE id = :i", i=person)
    assert lab.client.get("/auth/me").status_code == 401


def test_a_cookie_of_another_site_is_nobody_here(lab: Lab) -> None:
    lab.sign_in(lab.person())
    secret = lab.client.cookies[f"yw_{SITE}_session"]
    lab.client.cookies.clear()
    lab.client.cookies.set("yw_441700_session", secret)
    assert lab.client.get("/auth/me").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Yiwang-CSRF": "1", "Origin": "http://evil.test"},
        {"Origin": URL},
        {"X-Yiwang-CSRF": "1", "Origin": "null"},
    ],
)
def test_another_page_cannot_act_with_the_cookie(lab: Lab, headers: dict[str, str]) -> None:
    lab.sign_in(lab.person())
    assert lab.client.post("/auth/logout", headers=headers).status_code == 403
    assert lab.client.get("/auth/me").status_code == 200


def test_more_sign_ins_at_once_than_threads_do_not_stand_still(lab: Lab) -> None:
    lab.toy.person = str(lab.person())
    backs = []
    for _ in range(12):
        query = lab.begun()
        backs.append(lab.client.get("/oidc/authorize", params=query, follow_redirects=False).headers["location"])
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda back: lab.client.get(back, follow_redirects=False).status_code, backs))
    assert answers == [302] * 12
