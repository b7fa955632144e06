"""The dispatcher's bench by keyboard alone, the street officer's phone with photo, place and a lost connection, bulk work."""

from __future__ import annotations

import base64
from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Page, expect

from support.browsing import SHOTS, Site, Viewport, act, choose, open_order, settle

Open = Callable[..., Page]
UNIT = "城市管理和综合执法局"
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PLACE = {"longitude": 111.617, "latitude": 21.753}


def register(page: Page, title: str) -> str:
    """Take an order in through the form; return its address."""
    choose(page.locator("select[name=matter]"), "")
    page.fill("input[name=title]", title)
    choose(page.locator(".picker select").first, "")
    page.click("[data-submit=order]")
    page.wait_for_url("**/orders/*-*")
    settle(page)
    return page.url


def taken_in(open_page: Open, county: Site, count: int) -> str:
    """Take in some orders whose titles begin alike; return that beginning."""
    mark = f"井盖{uuid4().hex[:8]}"
    for n in range(count):
        register(open_page(county, "registrar", "/orders/new"), f"{mark}第{n}处")
    return mark


def test_many_orders_are_accepted_at_once_by_keyboard_and_the_page_says_how_many(open_page: Open, county: Site) -> None:
    mark = taken_in(open_page, county, 2)
    page = open_page(county, "registrar", f"/orders?q={mark}")
    settle(page)
    expect(page.locator("[data-count]")).to_contain_text("共 2 件")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    page.locator("[data-bulk=look]").press("Enter")
    page.locator("[data-bulk=accept]").press("Enter")
    expect(page.locator(".bulk .say")).to_contain_text("将对 2 件工单执行")
    page.screenshot(path=SHOTS / "bench-bulk-desktop-zh.png")
    page.locator("[data-bulk-confirm=accept]").press("Enter")
    expect(page.locator(".bulk .notice")).to_contain_text("已完成 2 件，未能办理 0 件")
    page.keyboard.press("Escape")
    page.locator("[data-row] a").first.press("Enter")
    page.wait_for_url("**/orders/*-*")


def test_a_filter_is_saved_by_name_and_the_export_holds_the_filtered_rows(open_page: Open, county: Site) -> None:
    mark = taken_in(open_page, county, 1)
    page = open_page(county, "registrar", f"/orders?q={mark}")
    settle(page)
    page.get_by_role("button", name="保存当前条件").click()
    page.get_by_label("条件名称").fill("我的井盖")
    page.keyboard.press("Enter")
    page.goto(f"{county.base_url}/orders")
    page.get_by_role("link", name="我的井盖").click()
    page.wait_for_url("**q=*")
    with page.expect_download() as download:
        page.click("[data-export=csv]")
    lines = download.value.path().read_text(encoding="utf-8-sig").strip().splitlines()
    assert sum(mark in line for line in lines) == 1


def test_a_street_officer_signs_and_disposes_with_photo_and_place_and_a_lost_connection_sends_once(
    open_page: Open, county: Site
) -> None:
    mark = taken_in(open_page, county, 1)
    registrar = open_page(county, "registrar", f"/orders?q={mark}")
    open_order(registrar, county, mark)
    act(registrar, "accept")
    dispatcher = open_page(county, "dispatcher", f"/orders?q={mark}")
    open_order(dispatcher, county, mark)
    act(dispatcher, "dispatch", {"unit": UNIT})

    phone = open_page(county, "handler", f"/orders?todo=1&q={mark}", viewport=Viewport.PHONE)
    phone.context.grant_permissions(["geolocation"])
    phone.context.set_geolocation(PLACE)
    settle(phone)
    phone.screenshot(path=SHOTS / "todo-phone-zh.png")
    phone.locator("[data-row] a").first.click()
    phone.wait_for_url("**/orders/*-*")
    act(phone, "sign")
    phone.set_input_files("[data-camera]", {"name": "现场.png", "mimeType": "image/png", "buffer": PHOTO})
    expect(phone.locator("[data-file] img")).to_have_count(1)
    phone.click("[data-action=dispose]")
    phone.fill("#action-dispose-note", "井盖已复位。")
    phone.click("[data-locate]")
    expect(phone.locator("#action-dispose-position")).to_have_value("111.617000,21.753000")
    phone.screenshot(path=SHOTS / "dispose-phone-zh.png", full_page=True)

    phone.context.set_offline(True)
    phone.click("[data-confirm=dispose]")
    expect(phone.locator(".actions .notice").first).to_contain_text("起等待发送")
    phone.context.set_offline(False)
    expect(phone.locator(".actions .notice", has_text="等待发送")).to_have_count(0, timeout=20_000)
    phone.reload()
    settle(phone)
    expect(phone.locator(".story .what strong", has_text="处置")).to_have_count(1)
    expect(phone.locator(".evidence .place")).to_contain_text("111.617000, 21.753000")
    phone.screenshot(path=SHOTS / "disposed-phone-zh.png", full_page=True)
