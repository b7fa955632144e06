"""What browser tests share: sites, screen sizes, signing in, and how an order is moved on."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

SHOTS = Path(__file__).resolve().parents[2] / "test-output" / "screenshots"
ARRIVAL_MS = 30_000
"""How long an order may take to the next site: the relay polls once a second, a busy machine needs more."""


@dataclass(frozen=True)
class Site:
    """A running site and people who may sign in there. 站点。"""

    code: str
    base_url: str
    users: Mapping[str, Mapping[str, Any]]


class Viewport(enum.Enum):
    """The screens that people sit before. 屏幕。"""

    PHONE = (390, 844)
    DESKTOP = (1440, 900)
    WALL = (3840, 2160)

    def settings(self) -> dict[str, Any]:
        """Return what the browser needs to know."""
        width, height = self.value
        phone = self is Viewport.PHONE
        return {"viewport": {"width": width, "height": height}, "is_mobile": phone, "has_touch": phone}


def by_height(sites: Iterable[Site]) -> list[Site]:
    """Sort sites from province to county: the more zeros a code ends in, the higher."""
    return sorted(sites, key=lambda site: (len(site.code.rstrip("0")), site.code))


def sign_in(page: Page, site: Site, role: str, path: str = "/") -> None:
    """Go to a page, through the sign-in page where it comes up."""
    page.goto(f"{site.base_url}{path}")
    shown = page.locator("#app main, input[type=password]").first
    shown.wait_for()
    if page.locator("input[name=login]").count():
        enter(page, site.users[role]["login"], site.users[role]["password"])
        page.locator("#app main").first.wait_for()


def enter(page: Page, login: str, password: str) -> None:
    """Fill in and send the sign-in page."""
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password)
    page.click("button[type=submit], form button")


def settle(page: Page) -> None:
    """Wait until nothing is being loaded and no skeleton is left."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".skeleton")).to_have_count(0)


def act(page: Page, action: str, fields: Mapping[str, str] | None = None) -> None:
    """Do one action on the order that is open."""
    page.click(f"[data-action={action}]")
    for name, value in (fields or {}).items():
        field = page.locator(f"#action-{action}-{name}")
        if field.evaluate("element => element.tagName") == "SELECT":
            choose(field, value)
        else:
            field.fill(value)
    page.click(f"[data-confirm={action}]")
    expect(page.locator(f"[data-confirm={action}]")).to_have_count(0)


def choose(select: Locator, part: str) -> None:
    """Choose the option whose text holds `part`; an empty part chooses the first real one."""
    option = select.locator("option:not([value=''])", has_text=part).first
    option.wait_for(state="attached")
    select.select_option(value=option.get_attribute("value"))


def open_order(page: Page, site: Site, title: str) -> None:
    """Find an order by its title, waiting for it to arrive, and open it."""
    page.goto(f"{site.base_url}/orders?q={title}")
    row = page.get_by_role("link", name=title).first
    for _ in range(ARRIVAL_MS // 1000):
        settle(page)
        if row.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    row.click()
    page.wait_for_url("**/orders/*-*")


def wait_for_action(page: Page, action: str) -> None:
    """Wait until the order that is open offers an action, reloading it as a person would."""
    button = page.locator(f"[data-action={action}]")
    for _ in range(ARRIVAL_MS // 1000):
        settle(page)
        if button.count():
            return
        page.wait_for_timeout(1000)
        page.reload()
    expect(button).to_be_visible()


def steps(page: Page) -> list[str]:
    """Return the steps of the story that is shown, first to last."""
    return page.locator(".story li .what strong").all_inner_texts()
