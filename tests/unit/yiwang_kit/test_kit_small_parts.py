"""Ids, clocks, pages, masking, in-process calls, and the page for builds without a console."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from support.kit_lab import settings_of
from yiwang_kit import console, ids, inprocess, memory, pagination
from yiwang_kit.clock import ManualClock, SystemClock
from yiwang_kit.errors import NotFound, Problem
from yiwang_kit.logging import logger, mask, mask_text
from yiwang_kit.migrations import schema_of
from yiwang_kit.sessions import cookie_name


def test_ids_are_version_seven_and_sort_by_making() -> None:
    made = [ids.uuid7() for _ in range(5000)]
    assert made == sorted(made)
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_ids_of_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids.uuid7(), range(5000)))
    assert len(set(made)) == len(made)


def test_ids_do_not_go_back_when_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ids.uuid7()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    assert ids.uuid7() > first


def test_clocks_are_aware_and_in_utc() -> None:
    manual = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    manual.advance(90)
    assert manual.now().isoformat() == "2026-11-23T00:01:30+00:00"
    assert manual.monotonic() == 90
    assert SystemClock().now().tzinfo is UTC


@given(key=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_a_cursor_comes_back_as_it_went(key: list[str]) -> None:
    assert pagination.decode(pagination.encode(key), len(key)) == key


@pytest.mark.parametrize(("count", "more"), [(0, False), (3, False), (4, True)])
def test_a_page_knows_whether_more_follow(count: int, more: bool) -> None:
    page = pagination.page(list(range(count)), 3, lambda row: [row])
    assert len(page["items"]) == min(count, 3)
    assert (page["next"] is not None) == more


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话 13800138000。", "电话 138****8000。"),
        ("441721199001011234", "441721********1234"),
        ("44172119900101123X", "441721********123X"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("eyJhbGciOi.eyJzdWIi.sig", "***"),
        ("order 20261123000012345", "order 20261123000012345"),
    ],
)
def test_what_names_a_citizen_or_opens_a_door_is_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_keys_that_name_a_secret_lose_their_content_at_any_depth() -> None:
    assert mask({"a": [{"Password": "x", "n": 1}]}) == {"a": [{"Password": "***", "n": 1}]}


def test_log_lines_are_json_with_site_and_release_and_masked_traces() -> None:
    lines = io.StringIO()
    log = logger(settings_of(), structlog.PrintLogger(lines))
    try:
        raise ValueError("13800138000 𠮷")
    except ValueError as error:
        log.error("broken", exc_info=error, password="x")
    line = json.loads(lines.getvalue())
    assert (line["site"], line["release"], line["password"]) == ("441721", "2026.11.0", "***")
    assert "138****8000 𠮷" in line["exception"]


@pytest.mark.parametrize("problem", Problem.__subclasses__(), ids=lambda problem: problem.__name__)
def test_every_problem_speaks_both_languages(problem: type[Problem]) -> None:
    if "__init__" in vars(problem):
        return
    body = problem("x", next="y").body("urn:uuid:0")
    assert body["title"] != body["title_en"]
    assert {"type", "status", "detail", "next", "instance"} <= body.keys()


@pytest.mark.parametrize(
    ("site", "cookie"), [("441721", "yw_441721_session"), ("440000-twin", "yw_440000_twin_session")]
)
def test_cookies_carry_the_site(site: str, cookie: str) -> None:
    assert cookie_name(site) == cookie


@pytest.mark.parametrize(
    ("package", "schema"), [("yiwang_kit", "kit"), ("yiwang_services.matter", "matter"), ("yiwang.control", "control")]
)
def test_a_package_has_the_schema_of_its_last_word(package: str, schema: str) -> None:
    assert schema_of(package) == schema


def test_calls_to_our_own_address_stay_in_the_process() -> None:
    app = FastAPI()

    @app.post("/echo")
    def echo(value: str) -> dict[str, str]:
        return {"value": value}

    own = inprocess.InProcess()
    with inprocess.client("http://hub.test:7080", own, timeout=1) as client:
        with pytest.raises(httpx.ConnectError, match="does not serve yet"):
            client.get("http://hub.test:7080/echo")
        own.serve(app)
        assert client.post("http://hub.test:7080/echo", params={"value": "𠮷"}).json() == {"value": "𠮷"}


def test_large_blocks_go_back_to_the_kernel() -> None:
    assert memory.give_back()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built page beside something that is nobody's business."""
    (tmp_path / "secret.txt").write_text("secret")
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<html>")
    (page / "assets" / "a-1.js").write_text("1")
    return page


def test_a_built_file_may_be_kept_and_the_page_may_not(folder: Path) -> None:
    assert "immutable" in console.file_answer(folder, "assets/a-1.js").headers["cache-control"]
    assert console.file_answer(folder, "").headers["cache-control"] == "no-cache"
    assert console.file_answer(folder, "orders/1").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["../secret.txt", "assets/../../secret.txt", "/etc/ld.so.conf", "assets/b.js", "x.map"]
)
def test_nothing_outside_the_page_is_served(folder: Path, path: str) -> None:
    with pytest.raises(NotFound):
        console.file_answer(folder, path)
