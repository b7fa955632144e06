"""Indicators in the page: values with their rule and rows, a rule from draft to retired, submissions, reports from below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import text

from support.browser_lab import filled_site
from support.browsing import SHOTS, Site, Viewport, settle
from support.postgres import Server
from yiwang_kit.runtime import Runtime
from yiwang_services.indicator.reporting import Reporting, rule_of

ORDERS = 400
SITE, BELOW = "441700", "441721"
Open = Callable[..., Page]
Filled = tuple[Site, Runtime]


@pytest.fixture(scope="module")
def filled(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """A city alone, with invented orders and every indicator computed."""
    with filled_site(postgres, tmp_path_factory.mktemp("indicators"), SITE, ORDERS) as (said, runtime):
        yield Site(f"{SITE}-indicators", said["base_url"], said["users"]), runtime


def clean(page: Page, name: str, viewport: Viewport = Viewport.DESKTOP, lang: str = "zh") -> None:
    """Keep a picture; nothing serious for axe, nothing wider than the screen."""
    page.locator("#app main h1").first.wait_for()
    settle(page)
    page.screenshot(path=SHOTS / f"{name}-{viewport.name.lower()}-{lang}.png", full_page=True)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("viewport", [Viewport.DESKTOP, Viewport.PHONE], ids=lambda one: one.name.lower())
def test_each_page_is_accessible_and_stays_inside_its_screen(
    open_page: Open, filled: Filled, viewport: Viewport, lang: str
) -> None:
    page = open_page(filled[0], "operator", "/indicators", viewport=viewport, lang=lang)
    clean(page, "indicators", viewport, lang)
    for name, path in (("indicator", "rate.on_time/definition"), ("indicator-new", "new"),
                       ("submissions", "submissions"), ("reported", "reported")):  # fmt: skip
        page.goto(f"{filled[0].base_url}/indicators/{path}")
        clean(page, name, viewport, lang)


def test_a_value_in_the_list_leads_to_its_rule_and_to_as_many_orders(open_page: Open, filled: Filled) -> None:
    site, runtime = filled
    page = open_page(site, "operator", "/indicators")
    row = page.locator("[data-row='order.registered']")
    shown = int(row.locator("[data-value]").inner_text().split()[0].replace(",", ""))
    month = "date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai'"
    with runtime.database.transaction("collaboration") as session:
        counted = session.execute(text(f"SELECT COUNT(*) FROM collaboration.work_order WHERE created_at >= {month}"))
        assert shown == counted.scalar_one()
    row.get_by_role("link").first.click()
    expect(page.locator("[data-field=formula]")).to_have_text("count(registered)")
    page.locator("[data-rows=exact]").first.click()
    page.wait_for_url("**/orders?*")
    expect(page.locator("[data-count]")).to_contain_text(f"{shown}")


def test_a_rule_is_drafted_with_its_fault_shown_then_published_with_its_reach_and_retired(
    open_page: Open, filled: Filled
) -> None:
    page = open_page(filled[0], "operator", "/indicators/new")
    for name, words in (("code", "local.twice"), ("name", "热线倍数"), ("formula", "count(closed) + sum(closed, urged)"),
                        ("caliber", "热线登记量的两倍。")):  # fmt: skip
        page.fill(f"[name={name}]", words)
    page.click("[data-send=draft]")
    expect(page.locator("[data-fault]")).to_have_attribute("data-at", "14")
    clean(page, "indicator-fault")
    page.fill("[name=formula]", "order.hotline * 2")
    expect(page.locator("[data-fault]")).to_have_count(0)
    page.click("[data-send=draft]")
    page.wait_for_url("**/indicators/local.twice/definition")
    expect(page.locator("[data-impact]")).to_contain_text("没有别的指标引用它")
    page.click("[data-publish]")
    expect(page.locator(".notice.normal")).to_contain_text("第 1 版已发布并计算")
    expect(page.locator("[data-period] [data-value]").first).to_be_visible()

    page.goto(f"{filled[0].base_url}/indicators/order.hotline/definition")
    page.click("[data-form=draft]")
    page.fill("[name=caliber]", "时段内由热线登记的工单，含并入其他工单的。")
    page.click("[data-send=draft]")
    expect(page.locator("[data-impact]")).to_contain_text("local.twice")
    clean(page, "indicator-impact")
    page.click("[data-publish]")
    expect(page.locator("[data-version='2']")).to_contain_text("已发布")
    expect(page.locator("[data-ask=retire]")).to_have_count(0)
    page.goto(f"{filled[0].base_url}/indicators/local.twice/definition")
    page.click("[data-ask=retire]")
    page.click("[data-sure=retire]")
    expect(page.locator("[data-version='1']")).to_contain_text("已停用")


def test_an_owed_rate_is_submitted_and_another_person_approves_it(open_page: Open, filled: Filled) -> None:
    site = filled[0]
    page = open_page(site, "operator", "/indicators/new")
    for name, words in (("code", "local.covered"), ("name", "管网覆盖率"), ("formula", "submitted(ratio, 10)"),
                        ("caliber", "已覆盖户数除以总户数。"), ("unit", "%")):  # fmt: skip
        page.fill(f"[name={name}]", words)
    page.click("[data-send=draft]")
    page.click("[data-publish]")
    expect(page.locator(".notice.normal")).to_contain_text("已发布")
    page.goto(f"{site.base_url}/indicators/submissions")
    expect(page.locator("[data-owed] .state.late").first).to_be_visible()
    page.locator("[data-fill]").first.click()
    page.fill("[name=numerator]", "9")
    page.fill("[name=denominator]", "12")
    expect(page.locator("[data-rate]")).to_contain_text("75 %")
    clean(page, "submission-form")
    page.click("[data-send=submission]")
    expect(page.locator(".notice.normal")).to_contain_text("待另一人审核")
    expect(page.locator("[data-submission=submitted]")).to_contain_text("须由他人审核")
    leader = open_page(site, "leader", "/indicators/submissions?state=submitted")
    clean(leader, "submission-decision")
    leader.click("[data-approve]")
    expect(leader.locator(".notice.normal")).to_contain_text("已处理")
    leader.goto(f"{site.base_url}/indicators/submissions?state=approved")
    expect(leader.locator("[data-submission=approved]")).to_contain_text("75 %")


def test_what_a_site_below_reports_stands_beside_what_is_known_here(open_page: Open, filled: Filled) -> None:
    site, runtime = filled
    now = datetime.now(UTC)
    starts = datetime.now().astimezone().date().replace(day=1)
    said: dict[str, Any] = {
        "code": "order.registered", "version": 1, "origin": "indicators", "unit": "件", "period": "month",
        "rule": rule_of("count(registered)", "件", "month"), "starts": starts.isoformat(),
        "ends": starts.replace(day=28).isoformat(), "reason": "", "value": "99999.0", "numerator": None, "denominator": None,
    }  # fmt: skip
    payload = {"division": BELOW, "as_of": now.isoformat(), "values": [said]}
    with runtime.database.transaction("indicator") as session:
        Reporting(runtime).keep(session, cast("Any", SimpleNamespace(payload=payload, origin=BELOW)))
    page = open_page(site, "operator", "/indicators/reported")
    row = page.locator("[data-reported='order.registered']")
    expect(row).to_contain_text("99,999")
    expect(row.locator(".state.attention").first).to_contain_text("+")
    clean(page, "reported-difference")
