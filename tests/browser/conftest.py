"""Sites to look at with a real browser.

``YIWANG_BROWSER_SITES`` names a JSON file: site id → {base_url, users: {role: {login, password}}}, the shape that
``serve management:demo-users`` prints a site. Without it the session starts three sites of its own (support/browser_lab).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from support.browser_lab import three_sites
from support.browsing import SHOTS, Site, Viewport, by_height, sign_in

SITES = "YIWANG_BROWSER_SITES"
CHROMIUM = os.environ.get("YIWANG_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def sites(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """The running sites by their id: those that the lane names, or three of this session's own."""
    named = os.environ.get(SITES)
    if named:
        yield read(json.loads(Path(named).read_text(encoding="utf-8")))
        return
    with three_sites(request.getfixturevalue("postgres"), tmp_path_factory.mktemp("browser")) as running:
        yield read(running)


def read(content: Mapping[str, Any]) -> dict[str, Site]:
    """Return the sites of a JSON document."""
    return {code: Site(code, entry["base_url"], entry["users"]) for code, entry in content.items()}


@pytest.fixture(scope="session")
def top(sites: dict[str, Site]) -> Site:
    """The highest site there is: the province, where one runs."""
    return by_height(sites.values())[0]


@pytest.fixture(scope="session")
def county(sites: dict[str, Site]) -> Site:
    """A county whose parent runs too."""
    return by_height(sites.values())[-1]


@pytest.fixture(scope="session")
def city(sites: dict[str, Site], county: Site) -> Site:
    """The county's parent."""
    return sites[f"{county.code[:4]}00"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def sessions() -> dict[tuple[str, str], dict[str, object]]:
    """Cookies of people who have signed in once: sign-in itself has tests of its own."""
    return {}


@pytest.fixture
def open_page(browser: Browser, sessions: dict[tuple[str, str], dict[str, object]]) -> Iterator[Open]:
    """Open a page of a site as a role, in a context of its own; all are closed after the test."""
    contexts: list[BrowserContext] = []

    def opened(
        site: Site, role: str, path: str = "/", *, viewport: Viewport = Viewport.DESKTOP, lang: str = "zh"
    ) -> Page:
        known = sessions.get((site.code, role))
        context = browser.new_context(
            **viewport.settings(), locale="zh-CN", timezone_id="Asia/Shanghai", storage_state=known,
            reduced_motion="reduce",  # a colour on its way to another is neither, and would be judged
        )  # fmt: skip
        contexts.append(context)
        context.add_init_script(
            f"localStorage.setItem('yiwang.language', localStorage.getItem('yiwang.language') || '{lang}')"
        )
        page = context.new_page()
        sign_in(page, site, role, path)
        # Only the cookies: language and drafts of one test are not the next one's.
        sessions[site.code, role] = {"cookies": context.cookies(), "origins": []}
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session", autouse=True)
def shots_folder() -> None:
    """Where screenshots are kept."""
    SHOTS.mkdir(parents=True, exist_ok=True)
