"""Basic directory, item list, implementation list: two persons to a version, what does not fit, tables, and the tier below."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]

from support.three_sites import Three, new_keys

API = "/api/matter/v1"
CITY, COUNTY = "441700", "441721"
PATIENCE = 20.0
ITEM = {"name": "河长巡河问题", "above": "06", "department": "水务局", "source": "市河长制示例办法", "clause": "第八条",
        "effective_from": "2026-11-01"}  # fmt: skip
LOCAL = {"name": "河长巡河", "category": "水务", "limit_kind": "promised", "limit_amount": 5, "limit_unit": "working_day",
         "effective_from": "2026-01-01", "sample": True}  # fmt: skip


@pytest.fixture(scope="module")
def three(open_site: Any, tree: Any) -> Three:
    """Province, city and county with running links."""
    return Three(open_site, tree, new_keys())


def drafted(site: Any, shelf: str, code: str, body: dict[str, Any]) -> str:
    """Write a draft as the operator and hand it in; return its address."""
    made = site.person("operator").post(f"{API}/{shelf}/{code}/versions", body)
    assert made.status_code == 201, made.text
    path = f"{API}/{shelf}/{code}/versions/{made.json()['version']}"
    assert site.person("operator").post(f"{path}/submit", {}).status_code == 200
    return path


def publish(site: Any, shelf: str, code: str, body: dict[str, Any]) -> dict[str, Any]:
    """Publish a version by two persons."""
    done = site.person("leader").post(f"{drafted(site, shelf, code, body)}/review", {"publish": True})
    assert done.status_code == 200, done.text
    return dict(done.json())


def test_the_release_brings_a_directory_and_items_that_every_matter_belongs_to(county: Any) -> None:
    person = county.person("leader")
    assert len(person.get(f"{API}/directory", limit=200).json()["items"]) == 12
    assert len(person.get(f"{API}/items", limit=200).json()["items"]) >= 60
    assert person.get(f"{API}/findings").json()["items"] == []


def test_a_version_counts_only_after_another_person_published_it(fresh_county: Any) -> None:
    operator, leader = fresh_county.person("operator"), fresh_county.person("leader")
    path = drafted(fresh_county, "items", "06.900", ITEM)
    assert operator.post(f"{path}/review", {"publish": True}).status_code == 403
    assert operator.post(f"{API}/items/06.900/versions", ITEM).status_code == 409  # one open version at a time
    assert leader.get(f"{API}/items", q="河长").json()["items"] == []
    assert leader.post(f"{path}/review", {"publish": True, "note": "同意"}).json()["state"] == "published"
    shown = leader.get(f"{API}/items/06.900").json()
    assert (shown["current"], shown["reviewed_by"]) == (True, "demo-leader")
    assert leader.post(f"{path}/review", {"publish": True}).status_code == 409


def test_a_refused_version_never_counts_and_the_next_one_shows_its_difference(fresh_county: Any) -> None:
    leader = fresh_county.person("leader")
    refused = f"{drafted(fresh_county, 'matters', 'S001', LOCAL)}/review"
    assert leader.post(refused, {"publish": False, "note": "时限过长"}).json()["note"] == "时限过长"
    assert leader.get(f"{API}/matters/S001").json()["name"] == "道路破损"
    publish(fresh_county, "matters", "S001", {**LOCAL, "limit_amount": 2})
    changes = leader.get(f"{API}/matters/S001/difference", before=2, after=3).json()["changes"]
    assert changes == [{"field": "limit_amount", "before": 5, "after": 2}]


def test_a_matter_that_ended_refuses_new_orders_naming_what_replaces_it_and_open_ones_keep_theirs(
    fresh_county: Any,
) -> None:
    registrar = fresh_county.person("registrar")
    before = registrar.register(matter="S002")
    publish(fresh_county, "matters", "S002", {**LOCAL, "effective_to": "2026-11-01", "instead": "S001"})
    refused = registrar.post("/api/collaboration/v1/orders", {**fresh_body(before), "matter": "S002"})
    assert refused.status_code == 422
    assert "S001" in refused.json()["next"]
    kept = registrar.order(before["id"])
    assert (kept["matter"], kept["due_at"]) == (before["matter"], before["due_at"])


def fresh_body(order: dict[str, Any]) -> dict[str, Any]:
    """Return what is posted for an order like this one."""
    from support.site_lab import complaint

    return complaint(title=order["title"])


def test_what_does_not_fit_is_reported_by_its_kind(fresh_county: Any) -> None:
    publish(fresh_county, "items", "06.901", {**ITEM, "department": "", "above": "77"})
    publish(fresh_county, "matters", "X001", {**LOCAL, "item": "99.999"})
    found = fresh_county.person("leader").get(f"{API}/findings").json()["items"]
    assert {(one["kind"], one["code"]) for one in found} == {
        ("unclaimed", "06.901"), ("no_directory", "06.901"), ("unimplemented", "06.901"), ("no_item", "X001"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"source": ""}, "source"), ({"effective_to": "2020-01-01"}, "effective_to"), ({"instead": "06.001"}, "instead"),
     ({"above": "06.902"}, "above")],
)  # fmt: skip
def test_an_entry_that_makes_no_sense_is_refused_at_its_field(county: Any, changes: dict[str, str], field: str) -> None:
    refused = county.person("operator").post(f"{API}/items/06.902/versions", {**ITEM, **changes})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field


def test_a_form_must_be_a_json_schema_of_an_object(county: Any) -> None:
    operator = county.person("operator")
    for form in ("{", "[]", '{"type": "nonsense"}', '{"type": "string"}', "[" * 5000):
        assert operator.post(f"{API}/matters/X002/versions", {**LOCAL, "form": form}).status_code == 422


def test_a_list_is_taken_away_as_a_table_with_no_formula_in_it(fresh_county: Any) -> None:
    publish(fresh_county, "items", "06.903", {**ITEM, "name": "=cmd()"})
    leader = fresh_county.person("leader")
    book = load_workbook(io.BytesIO(leader.get(f"{API}/export/items", format="xlsx").content))
    rows = list(book.active.values)
    assert rows[0][:3] == ("编码", "所属类别", "名称")
    assert [row[2] for row in rows if row[0] == "06.903"] == ["'=cmd()"]
    text = leader.get(f"{API}/export/matters", format="csv").content.decode("utf-8-sig")
    assert len(text.splitlines()) >= 61
    assert fresh_county.person("registrar").get(f"{API}/export/items").status_code == 200
    assert fresh_county.visitor().get(f"{API}/export/items").status_code == 401


def test_what_a_city_publishes_in_its_item_list_is_the_countys_too(three: Any) -> None:
    publish(three[CITY], "items", "06.950", ITEM)
    leader, deadline = three[COUNTY].person("leader"), time.monotonic() + PATIENCE
    while (answer := leader.get(f"{API}/items/06.950")).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    shown = answer.json()
    assert (shown["name"], shown["origin"], shown["department"]) == ("河长巡河问题", CITY, "水务局")
    assert three["440000"].person("leader").get(f"{API}/items/06.950").status_code == 404
