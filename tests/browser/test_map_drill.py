"""The map: from the province down to a county and back, by keyboard and by pointer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from support.browsing import Site, settle

CRUMBS = "nav[aria-label=区划层级]"


@pytest.fixture
def home(open_page: Callable[..., Page], top: Site) -> Page:
    """The home page of the highest site."""
    page = open_page(top, "leader" if "leader" in top.users else "operator", "/")
    settle(page)
    page.locator("path.area").first.wait_for()
    return page


def test_the_keyboard_drills_down_to_a_county_and_up_again(home: Page, county: Site) -> None:
    city = f"{county.code[:4]}00"
    home.locator(f"path.area[data-code='{city}']").focus()
    home.keyboard.press("Enter")
    home.wait_for_url(f"**division={city}")
    area = home.locator(f"path.area[data-code='{county.code}']")
    area.wait_for()
    settle(home)
    area.focus()
    home.keyboard.press("Enter")
    home.wait_for_url(f"**division={county.code}")
    expect(home.locator(f"{CRUMBS} li")).to_have_count(3)
    settle(home)
    home.locator("path.area").first.focus()
    home.keyboard.press("Escape")
    home.wait_for_url(f"**division={city}")


def test_arrow_keys_move_between_areas(home: Page) -> None:
    home.locator("path.area[tabindex='0']").focus()
    first = home.evaluate("document.activeElement.dataset.code")
    for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"):
        home.keyboard.press(key)
        if home.evaluate("document.activeElement.dataset.code") != first:
            return
    pytest.fail("no arrow key leads anywhere")


def test_a_click_on_the_list_drills_and_the_breadcrumb_leads_back(home: Page, top: Site) -> None:
    home.locator(".areas button.name").first.click()
    home.wait_for_url("**division=*")
    expect(home.locator(f"{CRUMBS} li")).to_have_count(2)
    home.locator(f"{CRUMBS} button").first.click()
    expect(home.locator(f"{CRUMBS} li")).to_have_count(1)


def test_the_map_says_that_its_borders_are_schematic_and_shows_the_islands(home: Page) -> None:
    expect(home.get_by_text("无审图号")).to_be_visible()
    expect(home.get_by_role("img", name="南海诸岛")).to_be_visible()


def test_the_legend_counts_every_area_once(home: Page) -> None:
    counts = home.locator(".legend em").all_inner_texts()
    assert 1 <= len(counts) <= 6
    assert sum(int(text.split()[0]) for text in counts) == home.locator("path.area").count()
