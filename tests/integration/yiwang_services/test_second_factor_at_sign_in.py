"""The second factor: forced on administrative duties where the root of trust is a real one, offered where it is a demonstration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from httpx import Response

from support.postgres import Server
from support.site_lab import START, Founded, Site, settings_of
from yiwang_kit.app import create_hub
from yiwang_kit.clock import ManualClock
from yiwang_kit.database import Database
from yiwang_kit.runtime import build_runtime

API = "/api/management/v1"
FACTOR = f"{API}/account/second-factor"


@pytest.fixture
def strict_county(postgres: Server, founded_county: Founded, tmp_path: Path) -> Iterator[Site]:
    """A county under a real root of trust."""
    template, passwords = founded_county
    name = postgres.create(template)
    settings = settings_of("441721", tmp_path).model_copy(update={"demo": False})
    runtime = build_runtime(settings, database=Database(postgres.url(name)), clock=ManualClock(START))
    yield Site(runtime, create_hub(settings, runtime=runtime), dict(passwords))
    runtime.close()
    postgres.drop(name)


def code_now(site: Site, secret: str) -> str:
    """What the authenticator shows at this moment."""
    return pyotp.TOTP(secret.replace(" ", "")).at(site.runtime.clock.now())


def secret_on(page: Response) -> str:
    """The secret that the enrolment page shows."""
    return page.text.split('id="secret">')[1].split("<", maxsplit=1)[0]


def recovery_on(page: Response) -> list[str]:
    """The recovery codes on a page."""
    part = page.text.split('id="recovery">')[1].split("</ul>", maxsplit=1)[0]
    return [item.split("</li>")[0] for item in part.split("<li>")[1:]]


def enrolled(site: Site, role: str) -> tuple[Any, str, list[str], Response]:
    """Lead somebody through enrolment; return them, their secret, their recovery codes, and the last answer."""
    person = site.visitor()
    page = person.sign_in(f"demo-{role}", site.passwords[role])
    secret = secret_on(page)
    shown = person.submit(page, code=code_now(site, secret))
    return person, secret, recovery_on(shown), person.submit(shown)


def test_a_real_site_leads_an_administrator_through_enrolment_and_then_asks_for_codes(strict_county: Site) -> None:
    _, secret, codes, last = enrolled(strict_county, "administrator")
    assert last.json()["second_factor"] == {"state": "on", "required": True}
    assert "management.user.edit" in last.json()["permissions"]
    assert len(codes) == 10
    strict_county.runtime.clock.advance(60)
    again = strict_county.visitor()
    page = again.sign_in("demo-administrator", strict_county.passwords["administrator"])
    assert ("验证码" in page.text, page.status_code) == (True, 200)
    assert again.get("/auth/me").status_code == 401
    assert again.submit(page, code=code_now(strict_county, secret)).status_code == 200


def test_a_code_seen_over_a_shoulder_does_not_work_again(strict_county: Site) -> None:
    _, secret, _, _ = enrolled(strict_county, "administrator")
    strict_county.runtime.clock.advance(60)
    code = code_now(strict_county, secret)
    first, second = strict_county.visitor(), strict_county.visitor()
    pages = [who.sign_in("demo-administrator", strict_county.passwords["administrator"]) for who in (first, second)]
    assert first.submit(pages[0], code=code).status_code == 200
    refused = second.submit(pages[1], code=code)
    assert (refused.status_code, "已使用" in refused.text) == (401, True)


def test_a_recovery_code_lets_in_once(strict_county: Site) -> None:
    _, _, codes, _ = enrolled(strict_county, "administrator")
    answers = []
    for _ in range(2):
        person = strict_county.visitor()
        page = person.sign_in("demo-administrator", strict_county.passwords["administrator"])
        answers.append(person.submit(page, code=f" {codes[0].upper()} ").status_code)
    assert answers == [200, 401]


def test_guessing_codes_closes_the_account_like_guessing_passwords(strict_county: Site) -> None:
    _, secret, _, _ = enrolled(strict_county, "administrator")
    strict_county.runtime.clock.advance(60)
    person = strict_county.visitor()
    page = person.sign_in("demo-administrator", strict_county.passwords["administrator"])
    for _ in range(5):
        last = person.submit(page, code="000000")
    assert "已暂时锁定" in last.text
    assert person.submit(page, code=code_now(strict_county, secret)).status_code == 401


def test_a_page_between_password_and_code_is_no_way_in_for_somebody_else_or_later(strict_county: Site) -> None:
    enrolled(strict_county, "administrator")
    person = strict_county.visitor()
    page = person.sign_in("demo-administrator", strict_county.passwords["administrator"])
    strict_county.runtime.clock.advance(6 * 60)
    begun_again = person.submit(page, code="000000")
    assert 'name="password"' in begun_again.text


def test_whoever_has_no_such_duty_signs_in_by_password_and_may_choose_a_second_factor(strict_county: Site) -> None:
    leader = strict_county.person("leader")
    assert leader.get("/auth/me").json()["second_factor"] == {"state": "off", "required": True}
    assert leader.get(FACTOR).json() == {"state": "off", "recovery_left": 0, "required": False}
    wrong = leader.post(FACTOR, {"current": "not my password"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "current")
    begun = leader.post(FACTOR, {"current": strict_county.passwords["leader"]})
    assert begun.status_code == 201
    assert leader.post(f"{FACTOR}/confirm", {"code": "000000"}).status_code == 422
    on = leader.post(f"{FACTOR}/confirm", {"code": code_now(strict_county, begun.json()["secret"])})
    assert (on.status_code, len(on.json()["recovery_codes"])) == (200, 10)
    strict_county.runtime.clock.advance(60)
    code = code_now(strict_county, begun.json()["secret"])
    fresh = leader.post(f"{FACTOR}/recovery-codes", {"code": code}).json()["recovery_codes"]
    assert not set(fresh) & set(on.json()["recovery_codes"])
    assert leader.post(f"{FACTOR}/remove", {"code": code}).status_code == 422
    assert leader.post(f"{FACTOR}/remove", {"code": fresh[0]}).json() == {"state": "off"}


def test_a_duty_that_demands_the_factor_is_not_worked_in_without_it(strict_county: Site) -> None:
    administrator, secret, _, _ = enrolled(strict_county, "administrator")
    strict_county.runtime.clock.advance(60)
    kept = administrator.post(f"{FACTOR}/remove", {"code": code_now(strict_county, secret)})
    assert (kept.status_code, "第二因素" in kept.json()["detail"]) == (409, True)
    leader = strict_county.person("leader")
    user = administrator.get(f"{API}/users", q="demo-leader").json()["items"][0]["id"]
    root = administrator.get(f"{API}/units/root").json()["id"]
    given = administrator.post(f"{API}/posts", {"user": user, "unit": root, "role": "unit_administrator"})
    assert given.status_code == 201
    # Signed in before the duty came: its rights wait for the second factor, the old ones stay.
    held = leader.get("/auth/me").json()["permissions"]
    assert ("management.user.edit" in held, "collaboration.order.supervise" in held) == (False, True)


def test_a_lost_telephone_is_the_security_officers_business(strict_county: Site) -> None:
    administrator, _, _, _ = enrolled(strict_county, "administrator")
    root = administrator.get(f"{API}/units/root").json()["id"]
    user = administrator.get(f"{API}/users", q="demo-verifier").json()["items"][0]["id"]
    me = administrator.get("/auth/me").json()["user"]["id"]
    administrator.post(f"{API}/posts", {"user": user, "unit": root, "role": "security"})
    security, _, _, _ = enrolled(strict_county, "verifier")
    assert administrator.post(f"{API}/users/{user}/reset-second-factor", {}).status_code == 403
    assert security.post(f"{API}/users/{me}/reset-second-factor", {}).status_code == 200
    assert administrator.get("/auth/me").status_code == 401
    page = strict_county.visitor().sign_in("demo-administrator", strict_county.passwords["administrator"])
    assert "第二因素" in page.text


def test_a_demonstration_asks_nobody_for_a_second_factor(fresh_county: Site) -> None:
    me = fresh_county.person("administrator").get("/auth/me").json()
    assert me["second_factor"] == {"state": "off", "required": False}
    assert "management.user.edit" in me["permissions"]
