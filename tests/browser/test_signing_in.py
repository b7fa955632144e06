"""Coming in, being sent where one wanted to go, and leaving."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from support.browsing import Site, enter, settle, sign_in


def test_a_stranger_is_led_to_sign_in_and_back_to_the_page_they_wanted(browser: Browser, county: Site) -> None:
    page = browser.new_page()
    page.goto(f"{county.base_url}/orders?state=open")
    page.locator("input[type=password]").wait_for()
    user = county.users["registrar"]
    enter(page, user["login"], user["password"])
    page.wait_for_url("**/orders?state=open")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.close()


def test_a_wrong_password_says_so_and_lets_nobody_in(browser: Browser, county: Site) -> None:
    page = browser.new_page()
    page.goto(f"{county.base_url}/")
    page.locator("input[type=password]").wait_for()
    enter(page, "nobody-of-that-name", "not the password at all")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate("fetch('/auth/me').then(answer => answer.status)") == 401
    page.close()


def test_signing_out_ends_the_session(browser: Browser, county: Site) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    sign_in(page, county, "registrar")
    settle(page)
    page.locator("button.leave").click()
    page.wait_for_url("**/signed-out")
    assert page.evaluate("fetch('/auth/me').then(answer => answer.status)") == 401
    page.close()
