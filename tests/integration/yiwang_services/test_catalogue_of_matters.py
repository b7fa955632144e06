"""Matters over HTTP: what the release brings never changes, what the site writes stands beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from yiwang_services.matter import store
from yiwang_services.matter.domain import read
from yiwang_services.packs import pack

API = "/api/matter/v1/matters"
LOCAL = {
    "name": "道路破损（阳西）", "category": "市容市政", "limit_kind": "promised", "limit_amount": 2,
    "limit_unit": "working_day", "effective_from": "2026-01-01", "source": "阳西县示例办法第三条",
}  # fmt: skip


def approved(site: Any, code: str, body: dict[str, Any], shelf: str = "matters") -> dict[str, Any]:
    """Write a version as the operator, hand it in, and publish it as the leader, who is somebody else."""
    editor, reviewer, path = site.person("operator"), site.person("leader"), f"/api/matter/v1/{shelf}/{code}/versions"
    made = editor.post(path, body)
    assert made.status_code == 201, made.text
    number = made.json()["version"]
    assert editor.post(f"{path}/{number}/submit", {}).json()["state"] == "in_review"
    done = reviewer.post(f"{path}/{number}/review", {"publish": True, "note": "同意"})
    assert done.status_code == 200, done.text
    return dict(done.json())


def test_the_release_brings_over_sixty_matters_all_marked_as_samples(county: Any) -> None:
    items = county.person("registrar").get(API, limit=200).json()["items"]
    assert len([item for item in items if item["origin"] == "matters-starter@2026.2"]) >= 60
    assert all(item["sample"] for item in items if not item["source"])


@pytest.mark.parametrize(
    ("on", "rainy", "charging"),
    [("2026-10-31", True, False), ("2026-11-01", False, False), ("2027-01-01", False, True)],
)
def test_the_list_on_a_day_holds_what_is_in_effect_that_day(county: Any, on: str, rainy: bool, charging: bool) -> None:
    codes = {item["code"] for item in county.person("registrar").get(API, on=on, limit=200).json()["items"]}
    assert ("S015" in codes, "S016" in codes) == (rainy, charging)


def test_a_local_version_becomes_current_and_the_releases_row_stays(fresh_county: Any) -> None:
    editor = fresh_county.person("operator")
    approved(fresh_county, "S001", LOCAL)
    shown = editor.get(f"{API}/S001").json()
    assert (shown["name"], shown["origin"], shown["sample"]) == ("道路破损（阳西）", "local", False)
    assert [(v["origin"], v["current"]) for v in shown["versions"]] == [
        ("local", True),
        ("matters-starter@2026.2", False),
    ]
    order = editor.register()
    assert order["matter"]["name"] == "道路破损（阳西）"
    assert order["due_at"].startswith("2026-11-25")


def test_a_matter_without_a_source_must_be_a_sample_and_editing_needs_the_right(county: Any) -> None:
    editor, registrar = county.person("operator"), county.person("registrar")
    assert editor.post(f"{API}/S002/versions", {**LOCAL, "source": ""}).status_code == 422
    assert editor.post(f"{API}/S002/versions", {**LOCAL, "effective_to": "2025-01-01"}).status_code == 422
    assert registrar.post(f"{API}/S002/versions", LOCAL).status_code == 403
    assert registrar.get(f"{API}/S999").status_code == 404


def test_pages_of_matters_follow_each_other(county: Any) -> None:
    person = county.person("registrar")
    first = person.get(API, limit=10).json()
    second = person.get(API, limit=10, cursor=first["next"]).json()
    codes = [item["code"] for item in (*first["items"], *second["items"])]
    assert codes == sorted(set(codes))


def test_a_release_adds_only_what_it_changed_and_a_switch_back_shows_the_earlier_rows_again(fresh_county: Any) -> None:
    first, second = (read(row) for row in pack("matters-starter").json("matters.json")[:2])
    changed, now = replace(first, limit_amount=3), fresh_county.runtime.clock.now()
    person = fresh_county.person("registrar")
    with fresh_county.runtime.database.transaction(store.SERVICE) as session:
        store.install(session, changed, "matters-starter@2026.3", now)
        store.install(session, second, "matters-starter@2026.3", now)
    assert person.get(f"{API}/S001").json()["limit"]["amount"] == 3
    assert len(person.get(f"{API}/S002").json()["versions"]) == 1
    with fresh_county.runtime.database.transaction(store.SERVICE) as session:
        store.install(session, first, "matters-starter@2026.2", now)
    back = person.get(f"{API}/S001").json()
    assert (back["limit"]["amount"], len(back["versions"])) == (7, 2)


def test_an_order_keeps_the_stages_and_the_evidence_of_its_version(fresh_county: Any) -> None:
    editor = fresh_county.person("operator")
    promised = {
        "stages": [{"name": "verify", "amount": 2, "unit": "natural_day"}, {"name": "accept", "amount": 1, "unit": "working_hour"}],
        "evidence": {"photos": 2, "position": True},
    }  # fmt: skip
    approved(fresh_county, "S001", {**LOCAL, **promised})
    written = editor.get(f"{API}/S001").json()
    assert [stage["name"] for stage in written["stages"]] == ["accept", "verify"]
    assert written["evidence"] == promised["evidence"]
    order = editor.register()
    approved(fresh_county, "S001", LOCAL)
    whole = editor.get(f"/api/collaboration/v1/orders/{order['id']}").json()
    limits = {stage["name"]: (stage["amount"], stage["unit"]) for stage in whole["limits"]["stages"]}
    assert (limits["accept"], limits["verify"]) == ((1, "working_hour"), (2, "natural_day"))
    assert limits["sign"] == (8, "working_hour")
    assert (whole["evidence"]["photos"]["required"], whole["evidence"]["position"]["required"]) == (2, True)


def test_a_stage_that_is_unknown_or_named_twice_is_refused(county: Any) -> None:
    editor, stage = county.person("operator"), {"name": "accept", "amount": 1, "unit": "hour"}
    for stages in ([{**stage, "name": "lunch"}], [{**stage, "unit": "moon"}], [stage, stage]):
        assert editor.post(f"{API}/S002/versions", {**LOCAL, "stages": stages}).status_code == 422
