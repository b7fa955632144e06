"""Topics on wall, desk and phone: figures equal plain SQL, lead to rule, rows and action; alarms hold the wall."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import text

from support.browser_lab import filled_site
from support.browsing import SHOTS, Site, Viewport, settle
from support.postgres import Server
from yiwang_kit.runtime import Runtime

ORDERS = 1500
SITE = "440000"
Open = Callable[..., Page]
Filled = tuple[Site, Runtime]
COUNTS = {  # written by hand from what each figure says of itself
    "open": "state <> 'closed'",
    "overdue": "state <> 'closed' AND due_at < now()",
    "today": "created_at >= date_trunc('day', now() AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai'",
    "supervised": "state <> 'closed' AND supervised <> ''",
    "registered": "created_at >= date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai'",
    "closed": "closed_at >= date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai'",
}
LOUD = """\
topic: loud
order: 999
title: {zh: 警示, en: Loud}
figures: [{id: open, orders: {open: true}, title: {zh: 在办, en: Open}}]
layers: [open]
pages:
  - blocks:
      - {kind: figures, place: left, figures: [open]}
      - {kind: map, place: middle}
      - {kind: alarms, place: right}
alarms: [{code: any, figure: open, above: 0, at: here, level: critical, title: {zh: 有在办工单, en: There are open orders}}]
"""


@pytest.fixture(scope="module")
def filled(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The province alone, with invented orders and everything computed."""
    with filled_site(postgres, tmp_path_factory.mktemp("topics"), SITE, ORDERS) as (said, runtime):
        yield Site(f"{SITE}-topics", said["base_url"], said["users"]), runtime


def counted(runtime: Runtime, name: str, division: str = SITE) -> int:
    """Count by plain SQL over the table of orders."""
    below = division.rstrip("0") if division.endswith("00") else division
    query = f"SELECT COUNT(*) FROM collaboration.work_order WHERE scope_division LIKE :d AND ({COUNTS[name]})"
    with runtime.database.transaction("collaboration") as session:
        return int(session.execute(text(query), {"d": f"{below}%"}).scalar_one())


def shown(page: Page, name: str) -> float:
    """Return the number of a figure on the screen, from its words and not from its markup."""
    return float(page.locator(f"[data-figure={name}] b").first.inner_text().replace(",", ""))


def faults(page: Page) -> list[str]:
    """Return what axe finds serious."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target']}" for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("viewport", [Viewport.DESKTOP, Viewport.PHONE], ids=lambda one: one.name.lower())
def test_every_count_on_the_screen_is_what_plain_sql_counts(
    open_page: Open, filled: Filled, viewport: Viewport
) -> None:
    site, runtime = filled
    page = open_page(site, "operator", "/situation/overview", viewport=viewport)
    page.locator("[data-topic]").wait_for()
    settle(page)
    page.screenshot(path=SHOTS / f"topic-overview-{viewport.name.lower()}-zh.png", full_page=True)
    assert {name: shown(page, name) for name in COUNTS} == {name: counted(runtime, name) for name in COUNTS}
    assert faults(page) == []


def test_a_figure_opens_its_definition_and_leads_to_as_many_rows(open_page: Open, filled: Filled) -> None:
    site, runtime = filled
    page = open_page(site, "operator", "/situation/overview")
    page.locator("[data-figure=on_time]").click()
    panel = page.get_by_role("dialog")
    for words in (
        "ratio(count(closed, on_time), count(closed))",
        "第 1 版 · rate.on_time",
        "责任单位",
        "来源",
        "数据时间",
    ):
        expect(panel).to_contain_text(words)
    page.screenshot(path=SHOTS / "topic-definition-desktop-zh.png")
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    for name in ("overdue", "registered"):
        page.locator(f"[data-figure={name}]").click()
        panel.locator("[data-way=rows]").click()
        page.wait_for_url("**/orders?*")
        expect(page.locator("[data-count]")).to_contain_text(f"{counted(runtime, name):,}".replace(",", ""))
        page.go_back()
        page.locator("[data-topic]").wait_for()
    page.locator("[data-figure=overdue]").click()
    panel.locator("[data-way=action]").click()
    page.wait_for_url("**/orders?*overdue=1*")


def test_the_map_drills_and_the_figures_follow(open_page: Open, filled: Filled) -> None:
    site, runtime = filled
    page = open_page(site, "operator", "/situation/overview", lang="en")
    area = page.locator("path.area[data-code='440100']")
    area.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**division=440100")
    expect(page.locator("[data-figure=open] b")).to_have_text(f"{counted(runtime, 'open', '440100'):,}")
    expect(page.locator(".topic nav li")).to_have_count(2)
    page.screenshot(path=SHOTS / "topic-overview-desktop-en.png")


def test_a_figure_without_fresh_data_is_grey_and_says_so(open_page: Open, filled: Filled) -> None:
    site, runtime = filled
    with runtime.database.transaction("indicator") as session:
        session.execute(text("UPDATE indicator.value SET data_time = data_time - INTERVAL '5 hours'"))
    page = open_page(site, "operator", "/situation/overview")
    expect(page.locator("[data-figure=on_time]")).to_contain_text("数据已陈旧")
    expect(page.locator("[data-figure=on_time].stale")).to_have_count(1)
    expect(page.locator("[data-figure=open].stale")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(7680, 2160), (3840, 1080)], ids=str)
def test_a_topic_fills_the_wall_without_scrolling(open_page: Open, filled: Filled, width: int, height: int) -> None:
    site, runtime = filled
    page = open_page(site, "operator", "/wall/overview", viewport=Viewport.WALL)
    page.set_viewport_size({"width": width, "height": height})
    settle(page)
    page.screenshot(path=SHOTS / f"topic-wall-{width}x{height}-zh.png")
    assert shown(page, "open") == counted(runtime, "open")
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        width,
        height,
    ]
    middle = page.locator(".atlas").bounding_box()
    assert middle is not None
    assert (middle["x"] / width, (middle["x"] + middle["width"]) / width) == pytest.approx((1 / 3, 2 / 3), abs=0.02)
    assert (
        page.locator(".at-left [data-block=figures]").count()
        == page.locator(".at-right [data-block=alarms]").count()
        == 1
    )
    assert page.locator("[data-block], .atlas").count() <= 7
    assert faults(page) == []


def test_the_wall_turns_by_schedule_stops_at_a_touch_and_at_an_alarm(open_page: Open, filled: Filled) -> None:
    site, runtime = filled
    page = open_page(site, "operator", "/wall", viewport=Viewport.WALL)
    wall = page.locator("main.wall")
    expect(wall).to_have_attribute("data-page", "0")
    expect(wall).to_have_attribute("data-topic", "overview")
    page.clock.install()
    page.reload()
    page.locator(".figure").first.wait_for()
    page.clock.run_for(25_000)
    expect(wall).to_have_attribute("data-page", "1")
    page.locator(".map-head h2").click()
    page.clock.run_for(60_000)
    expect(wall).to_have_attribute("data-page", "1")
    expect(wall).to_contain_text("已暂停")

    publish(page, site)
    for chore in runtime.chores:
        chore()
    page.reload()
    expect(wall).to_have_attribute("data-topic", "loud")
    expect(wall).to_contain_text("有告警，轮播已停")
    page.locator("[data-alarm=any]").get_by_role("button", name="确认").click()
    page.get_by_label("确认说明").fill("已转分拨")
    page.get_by_role("button", name="确认告警“有在办工单”").click()
    expect(page.locator("[data-alarm=any]")).to_contain_text("已确认：已转分拨")


def publish(page: Page, site: Site) -> None:
    """Publish a topic with an alarm that is always met, as an editor does."""
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    headers = {"X-Yiwang-CSRF": "1", "Idempotency-Key": str(uuid.uuid4())}
    answer = httpx.post(
        f"{site.base_url}/api/situation/v1/topics", json={"manifest": LOUD}, cookies=cookies, headers=headers
    )
    assert answer.status_code == 201, answer.text
