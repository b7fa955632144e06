"""The day of docs/tutorials/a-day-in-the-hub.md, done by the browser at county, city and province; figures by plain SQL.

The three sites hold invented orders for as long as this module runs.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from support.browsing import SHOTS, Site, Viewport, act, choose, open_order, settle
from yiwang.bringup.machine import Machine
from yiwang.definition import distribution
from yiwang.operate.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[2]
YIWANG = str(Path(sys.executable).with_name("yiwang"))
ORDERS, UNIT = "1500", "城市管理和综合执法局"
PROVINCE = "440000"
Open = Callable[..., Page]
Count = Callable[[str, str], int]
HERE = "now() AT TIME ZONE 'Asia/Shanghai'"
FIGURES = {
    "open": "state <> 'closed'",
    "overdue": "state <> 'closed' AND due_at < now()",
    "today": f"created_at >= date_trunc('day', {HERE}) AT TIME ZONE 'Asia/Shanghai'",
    "supervised": "state <> 'closed' AND supervised <> ''",
    "registered": f"created_at >= date_trunc('month', {HERE}) AT TIME ZONE 'Asia/Shanghai'",
    "closed": f"closed_at >= date_trunc('month', {HERE}) AT TIME ZONE 'Asia/Shanghai'",
}
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def machine() -> Machine:
    """The lane's sites: this day needs `make test-browser`, or sites of your own named by YIWANG_WORKSPACE."""
    return Machine(open_workspace(Path(os.environ["YIWANG_WORKSPACE"])))


@pytest.fixture(scope="module", autouse=True)
def filled(machine: Machine) -> Iterator[None]:
    """Invented orders on all three sites, taken away afterwards."""
    subprocess.run([YIWANG, "demo", "--orders", ORDERS], cwd=ROOT, check=True)
    yield
    subprocess.run([YIWANG, "demo", "--remove"], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def count_now(machine: Machine) -> Callable[[str], None]:
    """Let a site compute its indicators now, as it does hourly: a figure is as of its data time."""
    return lambda site: print(machine.site(site).command("indicator:compute"))


@pytest.fixture(scope="module")
def ask(machine: Machine) -> Count:
    """Ask a site's database for one number, past everything that the product does for it."""

    def asked(site: str, query: str) -> int:
        return int(machine.site(site).database().sql(query, distribution().hub.database))

    return asked


def by_sql(ask: Count, site: str) -> dict[str, int]:
    """Return every figure of the overview as plain SQL counts it."""
    return {
        name: ask(site, f"SELECT count(*) FROM collaboration.work_order WHERE {told}") for name, told in FIGURES.items()
    }


def on_screen(page: Page) -> dict[str, int]:
    """Return every figure of the overview as it is read on the screen."""
    page.locator("[data-topic]").wait_for()
    settle(page)
    read = {name: page.locator(f"[data-figure={name}] b").first.inner_text() for name in FIGURES}
    return {name: int(words.replace(",", "")) for name, words in read.items()}


def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture of a step."""
    page.screenshot(path=SHOTS / f"day-{name}.png", full_page=whole)


def test_morning_at_the_county_a_call_becomes_an_order_and_the_dispatcher_gives_it_to_a_unit(
    open_page: Open, county: Site, city: Site, ask: Count
) -> None:
    title = f"环城路积水{uuid4().hex[:6]}"
    desk = open_page(county, "registrar", "/orders/new")
    choose(desk.locator("select[name=matter]"), "道路破损")
    desk.fill("input[name=title]", title)
    desk.fill("textarea[name=description]", "路面塌陷积水，车辆绕行。")
    choose(desk.locator(".picker select").first, "")
    shot(desk, "1-intake-desktop-zh", whole=True)
    desk.click("[data-submit=order]")
    desk.wait_for_url("**/orders/*-*")
    act(desk, "accept")
    bench = open_page(county, "dispatcher", "/orders?state=accepted")
    settle(bench)
    waiting = ask(county.code, "SELECT count(*) FROM collaboration.work_order WHERE state = 'accepted'")
    expect(bench.locator("[data-count]")).to_contain_text(f"{waiting} 件")
    shot(bench, "2-bench-desktop-zh")
    open_order(bench, county, title)
    act(bench, "dispatch", {"unit": UNIT})

    street = open_page(county, "handler", "/orders?todo=1", viewport=Viewport.PHONE)
    street.context.grant_permissions(["geolocation"])
    street.context.set_geolocation({"longitude": 111.617, "latitude": 21.753})
    settle(street)
    shot(street, "3-todo-phone-zh")
    open_order(street, county, title)
    act(street, "sign")
    street.set_input_files("[data-camera]", {"name": "现场.png", "mimeType": "image/png", "buffer": PHOTO})
    expect(street.locator("[data-file] img")).to_have_count(1)
    act(street, "dispose", {"note": "已抽排并设置警示。"})
    shot(street, "4-disposed-phone-zh", whole=True)

    check = open_page(county, "verifier", "/orders")
    open_order(check, county, title)
    act(check, "verify")
    act(check, "close")
    shot(check, "5-closed-desktop-zh", whole=True)
    number = ask(
        county.code, f"SELECT count(*) FROM collaboration.work_order WHERE title = '{title}' AND state = 'closed'"
    )
    assert number == 1


@pytest.mark.parametrize(("viewport", "lang"), [(Viewport.DESKTOP, "zh"), (Viewport.PHONE, "en")], ids=str)
def test_noon_a_county_leader_reads_figures_that_plain_sql_counts_too(
    open_page: Open, county: Site, ask: Count, count_now: Callable[[str], None], viewport: Viewport, lang: str
) -> None:
    count_now(county.code)
    page = open_page(county, "leader", "/situation/overview", viewport=viewport, lang=lang)
    assert on_screen(page) == by_sql(ask, county.code)
    shot(page, f"6-county-{viewport.name.lower()}-{lang}", whole=True)
    page.locator("[data-figure=overdue]").click()
    page.get_by_role("dialog").locator("[data-way=rows]").click()
    page.wait_for_url("**/orders?*")
    expect(page.locator("[data-count]")).to_contain_text(str(by_sql(ask, county.code)["overdue"]))


def test_afternoon_the_city_drills_down_to_the_county(
    open_page: Open, city: Site, county: Site, ask: Count, count_now: Callable[[str], None]
) -> None:
    count_now(city.code)
    page = open_page(city, "leader", "/situation/overview")
    assert on_screen(page) == by_sql(ask, city.code)
    page.goto(f"{city.base_url}/situation/overview?division={county.code}")
    below = ask(city.code, f"SELECT count(*) FROM collaboration.work_order WHERE scope_division LIKE '{county.code}%' "
                           "AND state <> 'closed'")  # fmt: skip
    expect(page.locator("[data-figure=open] b").first).to_have_text(f"{below:,}")
    shot(page, "7-city-county-desktop-zh", whole=True)


def test_evening_the_provinces_wall_shows_the_same_numbers_as_its_database(
    open_page: Open, top: Site, ask: Count, count_now: Callable[[str], None]
) -> None:
    count_now(top.code)
    assert top.code == PROVINCE
    page = open_page(top, "leader", "/wall/overview", viewport=Viewport.WALL)
    page.set_viewport_size({"width": 7680, "height": 2160})
    assert on_screen(page) == by_sql(ask, top.code)
    shot(page, "8-wall-7680x2160-zh")


def test_at_night_the_auditor_finds_every_closing_of_the_day_in_the_trail(
    open_page: Open, county: Site, ask: Count
) -> None:
    page = open_page(county, "auditor", "/audit?action=collaboration.order.close")
    settle(page)
    done = ask(county.code, "SELECT count(*) FROM kit.audit WHERE action = 'collaboration.order.close'")
    expect(page.locator("[data-line]")).to_have_count(min(done, 50))
    shot(page, "9-audit-desktop-zh")
