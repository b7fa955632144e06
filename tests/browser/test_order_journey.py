"""A citizen's complaint: taken in at the county, handled by the city, closed at the county; one story on both."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from support.browsing import Site, Viewport, act, choose, open_order, settle, steps, wait_for_action

UNIT = "城市管理和综合执法局"
Open = Callable[..., Page]


def register(page: Page, title: str) -> None:
    """Take an order in through the form."""
    choose(page.locator("select[name=matter]"), "")
    page.fill("input[name=title]", title)
    page.fill("textarea[name=description]", "浏览器测试：路面塌陷，请尽快处理。")
    choose(page.locator(".picker select").first, "")
    page.fill("input[name=reporter]", "𠮷田先生")
    page.fill("input[name=phone]", "13800138000")
    page.click("[data-submit=order]")
    page.wait_for_url("**/orders/*-*")
    settle(page)


@pytest.mark.parametrize("viewport", [Viewport.DESKTOP, Viewport.PHONE], ids=lambda v: v.name.lower())
def test_an_order_travels_from_county_to_city_and_is_closed_at_the_county(
    open_page: Open, county: Site, city: Site, viewport: Viewport
) -> None:
    title = f"路面塌陷{uuid4().hex[:8]}"

    registrar = open_page(county, "registrar", "/orders/new", viewport=viewport)
    register(registrar, title)
    act(registrar, "accept")
    dispatcher = open_page(county, "dispatcher", "/orders", viewport=viewport)
    open_order(dispatcher, county, title)
    act(dispatcher, "hand_up", {"note": "主干管网属市级单位，请协调。"})

    city_dispatcher = open_page(city, "dispatcher", "/orders", viewport=viewport)
    open_order(city_dispatcher, city, title)
    wait_for_action(city_dispatcher, "dispatch")
    act(city_dispatcher, "dispatch", {"unit": UNIT})
    handler = open_page(city, "handler", "/orders", viewport=viewport)
    open_order(handler, city, title)
    act(handler, "sign")
    act(handler, "dispose", {"note": "已回填并恢复路面。"})
    city_verifier = open_page(city, "verifier", "/orders", viewport=viewport)
    open_order(city_verifier, city, title)
    act(city_verifier, "hand_back", {"note": "请县级核查结案。"})

    verifier = open_page(county, "verifier", "/orders", viewport=viewport)
    open_order(verifier, county, title)
    wait_for_action(verifier, "verify")
    act(verifier, "verify")
    act(verifier, "close")
    told = steps(verifier)
    assert told[0] == "登记"
    assert told[-1] == "结案"

    for _ in range(30):
        city_verifier.reload()
        settle(city_verifier)
        if steps(city_verifier) == told:
            break
        city_verifier.wait_for_timeout(1000)
    assert steps(city_verifier) == told


def test_an_order_elsewhere_explains_why_nothing_can_be_done_here(open_page: Open, county: Site) -> None:
    title = f"路灯不亮{uuid4().hex[:8]}"
    page = open_page(county, "registrar", "/orders/new")
    register(page, title)
    act(page, "accept")
    dispatcher = open_page(county, "dispatcher", "/orders")
    open_order(dispatcher, county, title)
    act(dispatcher, "hand_up", {"note": "请市级办理。"})
    settle(dispatcher)
    expect(dispatcher.locator("[data-action]")).to_have_count(0)
    dispatcher.locator("details.forbidden summary").click()
    expect(dispatcher.locator("details.forbidden dd").first).not_to_be_empty()


def test_what_was_typed_stays_when_the_hub_says_no(open_page: Open, county: Site) -> None:
    page = open_page(county, "registrar", "/orders/new")
    refusal = (
        '{"type":"urn:yiwang:problem:invalid","title":"内容不符合要求","status":422,"detail":"请更正 / correct it",'
        '"errors":[{"field":"body.title","expected":"标题重复 / the title is taken"}]}'
    )
    page.route("**/api/collaboration/v1/orders", lambda route: route.fulfill(
        status=422, body=refusal, headers={"Content-Type": "application/problem+json"}))  # fmt: skip
    choose(page.locator("select[name=matter]"), "")
    page.fill("input[name=title]", '"=1+1"')
    page.fill("textarea[name=description]", "'; drop table work_order;--")
    choose(page.locator(".picker select").first, "")
    page.click("[data-submit=order]")
    expect(page.get_by_text("标题重复").first).to_be_visible()
    expect(page.locator("input[name=title]")).to_be_focused()
    expect(page.locator("input[name=title]")).to_have_value('"=1+1"')
    expect(page.locator("textarea[name=description]")).to_have_value("'; drop table work_order;--")


def test_a_draft_survives_a_reload(open_page: Open, county: Site) -> None:
    page = open_page(county, "registrar", "/orders/new")
    page.fill("input[name=title]", "写到一半的标题")
    page.reload()
    expect(page.locator("input[name=title]")).to_have_value("写到一半的标题")


def test_the_keyboard_walks_through_the_list_and_opens(open_page: Open, county: Site) -> None:
    page = open_page(county, "registrar", "/orders/new")
    register(page, f"噪声扰民{uuid4().hex[:8]}")
    page.goto(f"{county.base_url}/orders")
    settle(page)
    page.keyboard.press("j")
    expect(page.locator("tr.marked")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/*-*")
