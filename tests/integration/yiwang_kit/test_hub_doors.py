"""What a hub answers at its doors: health, metrics, problems, limits, once-only requests, and the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.kit_lab import COUNTY, URL, WRITE, Lab
from support.postgres import Server

MEGABYTE = 1024 * 1024


def writer(lab: Lab) -> None:
    """Sign somebody in who may add rows in the county."""
    person = lab.person()
    lab.allow(person, WRITE, division=COUNTY)
    lab.sign_in(person)


def test_a_hub_says_that_it_is_alive_ready_and_which(fresh_lab: Lab) -> None:
    assert fresh_lab.client.get("/healthz").json() == {"status": "ok"}
    assert fresh_lab.client.get("/readyz").json() == {"status": "ready", "reasons": []}
    version = fresh_lab.client.get("/version").json()
    assert (version["release"], version["tree_digest"], version["drift"]) == ("2026.11.0", "ab", 0)


def test_a_schema_behind_its_head_is_not_ready_and_names_itself(fresh_lab: Lab) -> None:
    fresh_lab.sql("UPDATE kit.schema_version SET version_num = '0002_audit'")
    answer = fresh_lab.client.get("/readyz")
    assert answer.status_code == 503
    assert "schema kit is not at its head" in answer.json()["reasons"][0]


def test_metrics_know_routes_and_never_what_was_asked_for(fresh_lab: Lab) -> None:
    fresh_lab.client.get("/nowhere/13800138000.txt")
    fresh_lab.client.get("/api/toy/v1/rows?q=13800138000")
    text = fresh_lab.client.get("/metrics").text
    assert "13800138000" not in text
    assert 'kit_requests_total{method="GET",route="/api/toy/v1/rows",status="401"} 1.0' in text
    assert 'kit_info{release="2026.11.0",site="441721"} 1.0' in text


def test_a_bug_is_logged_once_under_the_id_that_the_person_got(lab: Lab) -> None:
    answer = lab.client.get("/api/toy/v1/bug")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"].endswith(answer.headers["x-request-id"])
    broken = [line for line in lab.log() if line["event"] == "broken"]
    assert [line["id"] for line in broken] == [answer.json()["instance"]]
    assert "138****8000" in json.dumps(broken)
    assert "13800138000" not in json.dumps(lab.log())
    assert "13800138000" not in answer.text


def test_text_that_no_column_takes_is_the_senders_to_mend(lab: Lab) -> None:
    assert lab.client.get("/api/toy/v1/nul").status_code == 422


@pytest.mark.parametrize("query", ["q=%00", "q=a%00b&limit=1", "cursor=%00"])
def test_a_nul_in_the_address_is_refused(lab: Lab, query: str) -> None:
    assert lab.client.get(f"/api/toy/v1/rows?{query}").status_code == 422


@pytest.mark.parametrize("limit", ["0", "201", "1000000000", "-1", "x", "1e3", ""])
def test_a_page_has_between_one_and_two_hundred_rows(lab: Lab, limit: str) -> None:
    lab.sign_in(lab.person())
    answer = lab.client.get("/api/toy/v1/rows", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.limit"


@pytest.mark.parametrize("cursor", ["x", "AAAA", "eyJhIjoxfQ", "W10", "WzFd", "𠮷"])
def test_a_cursor_of_ones_own_making_is_refused(lab: Lab, cursor: str) -> None:
    lab.sign_in(lab.person())
    answer = lab.client.get("/api/toy/v1/rows", params={"cursor": cursor})
    assert answer.status_code == 422
    assert "cursor" in answer.json()["next"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'{"a":' * 100_000, b'{"name":"\\u0000","division":"x"}', b'{"name":"\\ud800"}', b'{"name":"\x00"}',
        b'{"\\udfff":1}', b"\xff\xfe{}", b'{"name":"\xed\xa0\x80"}', b"\\u", b'{"name":', b"1" * 6000, b"NaN",
    ],
)  # fmt: skip
def test_a_hostile_body_ends_in_a_clear_refusal(lab: Lab, body: bytes) -> None:
    writer(lab)
    headers = {"X-Yiwang-CSRF": "1", "Origin": URL, "Content-Type": "application/json", "Idempotency-Key": "k"}
    answer = lab.client.post("/api/toy/v1/rows", content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert [line for line in lab.log() if line["event"] == "broken"] == []


@pytest.mark.parametrize("honest", [True, False])
def test_a_body_over_a_megabyte_is_refused_whether_or_not_it_says_so(lab: Lab, honest: bool) -> None:
    def pieces() -> Any:
        for _ in range(5):
            yield b"x" * MEGABYTE

    content = b"x" * (MEGABYTE + 1) if honest else pieces()
    answer = lab.client.post("/api/toy/v1/rows", content=content)
    assert answer.status_code == 413
    assert answer.json()["limit"] == MEGABYTE


def test_a_repeated_request_is_done_once_and_answered_alike(lab: Lab) -> None:
    writer(lab)
    draft, key = {"name": "一", "division": COUNTY}, {"Idempotency-Key": "same"}
    first, second = (lab.post("/api/toy/v1/rows", draft, **key) for _ in range(2))
    assert first.json() == second.json()
    with lab.runtime.database.transaction() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM kit.toy_row").scalar() == 1


def test_the_same_key_with_other_content_is_refused(lab: Lab) -> None:
    writer(lab)
    key = {"Idempotency-Key": "same"}
    lab.post("/api/toy/v1/rows", {"name": "一", "division": COUNTY}, **key)
    answer = lab.post("/api/toy/v1/rows", {"name": "二", "division": COUNTY}, **key)
    assert answer.status_code == 422
    assert "new key" in answer.json()["next"]


def test_a_request_that_failed_may_be_sent_again_under_its_key(lab: Lab) -> None:
    person = lab.person()
    lab.sign_in(person)
    draft, key = {"name": "一", "division": COUNTY}, {"Idempotency-Key": "same"}
    assert lab.post("/api/toy/v1/rows", draft, **key).status_code == 403
    lab.allow(person, WRITE, division=COUNTY)
    assert lab.post("/api/toy/v1/rows", draft, **key).status_code == 201


def test_without_a_key_nothing_is_done(lab: Lab) -> None:
    writer(lab)
    answer = lab.post("/api/toy/v1/rows", {"name": "一", "division": COUNTY})
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"


def test_every_answer_carries_the_security_headers(lab: Lab) -> None:
    for path in ("/", "/healthz", "/api/toy/v1/bug", "/api/nowhere", "/auth/me?x=%00"):
        headers = lab.client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_an_unknown_api_is_no_page(lab: Lab) -> None:
    answer = lab.client.get("/api/nowhere")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:yiwang:problem:not-found"


def test_a_wrong_method_is_named_in_both_languages(lab: Lab) -> None:
    body = lab.client.delete("/auth/login").json()
    assert (body["title"], body["title_en"]) == ("不支持此操作", "Method Not Allowed")


def test_while_the_database_is_away_answers_say_so(fresh_lab: Lab, postgres: Server) -> None:
    fresh_lab.sign_in(fresh_lab.person())
    name = fresh_lab.runtime.database.engine.url.database
    with postgres.connect() as admin:
        admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            answer = fresh_lab.client.get("/auth/me")
            ready = fresh_lab.client.get("/readyz")
        finally:
            admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    assert (answer.status_code, answer.json()["next"]) == (503, "yiwang status")
    assert ready.status_code == 503
    assert fresh_lab.client.get("/auth/me").status_code == 200
