"""Every page on every screen in both languages: accessible, inside its screen, asking nobody else; and a picture kept."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response, expect

from support.browsing import SHOTS, Site, Viewport, settle

PAGES = {
    "home": "/",
    "orders": "/orders",
    "new": "/orders/new",
    "topic": "/situation",
    "fleet": "/fleet",
    "links": "/links",
    "me": "/me",
    "password": "/password",
    "nowhere": "/no-such-page",
}
SERIOUS = ("serious", "critical")
FIRST_LOAD_LIMIT = 500 * 1024
WALLS = [(3840, 2160), (7680, 2160), (5760, 1080)]
Open = Callable[..., Page]


def faults(page: Page) -> list[str]:
    """Return what axe finds serious, each with where it is."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['target']} {node.get('failureSummary', '')}"
        for fault in found
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


def keep(page: Page, name: str, viewport: Viewport, lang: str) -> None:
    """Keep a picture of what a person sees."""
    page.screenshot(path=SHOTS / f"{name}-{viewport.name.lower()}-{lang}.png")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("viewport", [Viewport.DESKTOP, Viewport.PHONE], ids=lambda v: v.name.lower())
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_stays_inside_its_screen(
    open_page: Open, top: Site, name: str, viewport: Viewport, lang: str
) -> None:
    page = open_page(top, "operator", PAGES[name], viewport=viewport, lang=lang)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    settle(page)
    keep(page, name, viewport, lang)
    assert faults(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} px wider than the screen"
    assert complaints == []


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("viewport", [Viewport.DESKTOP, Viewport.PHONE], ids=lambda v: v.name.lower())
def test_an_order_is_accessible_with_an_action_open(
    open_page: Open, county: Site, viewport: Viewport, lang: str
) -> None:
    page = open_page(county, "operator", "/orders", viewport=viewport, lang=lang)
    settle(page)
    page.locator("[data-row] a").first.click()
    page.wait_for_url("**/orders/*-*")
    settle(page)
    if page.locator("[data-action]").count():
        page.locator("[data-action]").first.click()
    keep(page, "order", viewport, lang)
    assert faults(page) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_english_is_complete_and_chinese_comes_first(open_page: Open, top: Site, lang: str) -> None:
    page = open_page(top, "operator", "/orders/new", lang=lang)
    settle(page)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if lang == "zh" else "en")
    labels = " ".join(page.locator("nav.side a, label.label, h1, legend, button.primary").all_inner_texts())
    chinese = [character for character in labels if "\u4e00" <= character <= "\u9fff"]
    assert bool(chinese) == (lang == "zh"), labels


@pytest.mark.parametrize(("width", "height"), WALLS, ids=str)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_wall_is_readable_from_afar_and_never_scrolls(
    open_page: Open, top: Site, width: int, height: int, lang: str
) -> None:
    page = open_page(top, "operator", "/wall", viewport=Viewport.WALL, lang=lang)
    page.set_viewport_size({"width": width, "height": height})
    settle(page)
    page.screenshot(path=SHOTS / f"wall-{width}x{height}-{lang}.png")
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    scale = height / 2160
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert page.locator("main.wall").evaluate(size) >= 28 * scale
    page.locator(".figure b").first.wait_for()
    assert page.locator(".figure b").first.evaluate(size) >= 96 * scale
    smallest = min(page.locator(".block h2, .block th, .block td, .block li span, .block .time, .figure .foot").evaluate_all(
        "all => all.map(element => parseFloat(getComputedStyle(element).fontSize))"))  # fmt: skip
    assert smallest >= 28 * scale
    assert faults(page) == []


def test_no_request_leaves_the_site_and_the_first_load_is_small(open_page: Open, top: Site) -> None:
    answers: list[Response] = []
    page = open_page(top, "operator", "/orders")
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - playwright marks the function it is given
    page.reload()
    settle(page)
    hosts = {urlsplit(answer.url).netloc for answer in answers if not answer.url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(top.base_url).netloc}
    own = {answer.url for answer in answers if not urlsplit(answer.url).path.startswith(("/api/", "/auth/"))}
    assert sum(len(gzip.compress(page.request.get(url).body())) for url in own) <= FIRST_LOAD_LIMIT


def test_a_lost_connection_says_since_when_and_heals(open_page: Open, top: Site) -> None:
    page = open_page(top, "operator", "/links")
    settle(page)
    page.context.set_offline(True)
    banner = page.locator(".banner-slot .lost")
    expect(banner).to_contain_text("自", timeout=15_000)
    page.context.set_offline(False)
    expect(banner).to_have_count(0, timeout=15_000)


def test_a_figure_opens_its_definition_and_leads_to_its_rows(open_page: Open, top: Site) -> None:
    page = open_page(top, "operator", "/")
    settle(page)
    figure = page.locator(".figure").nth(1)
    figure.get_by_role("button").click()
    expect(figure.locator(".definition")).to_be_visible()
    figure.locator(".definition").get_by_role("link").click()
    page.wait_for_url("**/orders?*overdue=1*")
