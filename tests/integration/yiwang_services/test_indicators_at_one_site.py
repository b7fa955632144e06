"""Indicators on a real database: each starter figure against plain SQL, the way to its rows, and rules that change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from support.site_lab import Person, Site
from yiwang_services.collaboration.commands import COMMANDS

API = "/api/indicator/v1"
INVENTED = 600
MONTHS = {  # of the country's time, written out: the service's own calendar is not asked
    "2026-11-01": ("2026-11-01 00:00+08", "2026-12-01 00:00+08"),
    "2026-10-01": ("2026-10-01 00:00+08", "2026-11-01 00:00+08"),
    "2026-09-01": ("2026-09-01 00:00+08", "2026-10-01 00:00+08"),
    "2025-11-01": ("2025-11-01 00:00+08", "2025-12-01 00:00+08"),
    "2025-10-01": ("2025-10-01 00:00+08", "2025-11-01 00:00+08"),
    "2025-09-01": ("2025-09-01 00:00+08", "2025-10-01 00:00+08"),
    "2026-08-01": ("2026-08-01 00:00+08", "2026-09-01 00:00+08"),
}
EARLIER = {"2026-11-01": "2026-10-01", "2026-10-01": "2026-09-01", "2026-09-01": "2026-08-01"}
YEAR_AGO = {"2026-11-01": "2025-11-01", "2026-10-01": "2025-10-01", "2026-09-01": "2025-09-01"}
RATES = {  # code: the rows below, of which the rows above
    "rate.on_time": ("closed_at", "closed_at <= due_at", "1 = 1"),
    "rate.finished": ("created_at", "closed_at IS NOT NULL", "1 = 1"),
    "rate.accepted_on_time": ("accepted_at", "accepted_on_time", "accepted_on_time IS NOT NULL"),
    "rate.returned": ("dispatched_at", "bounces >= 1", "1 = 1"),
    "rate.reopened": ("closed_at", "round >= 2", "1 = 1"),
    "rate.satisfied": ("closed_at", "callback = 'satisfied'", "callback IN ('satisfied', 'dissatisfied')"),
    "rate.supervised": ("created_at", "supervised <> ''", "1 = 1"),
    "rate.hotline": ("created_at", "channel = 'hotline'", "1 = 1"),
    "rate.hotline_on_time": ("closed_at", "closed_at <= due_at", "channel = 'hotline'"),
    "rate.merged": ("created_at", "merged", "1 = 1"),
}
Count = Callable[..., int]


@pytest.fixture(scope="module")
def computed(county: Site) -> Site:
    """The county with invented orders, its indicators computed once."""
    assert COMMANDS["demonstration"](county.runtime, ["--orders", str(INVENTED)]) == 0
    compute(county)
    return county


def compute(site: Site) -> None:
    """Do what the hub does soon after its start and hourly."""
    for chore in site.runtime.chores:
        chore()


def counter(session: Session, division: str) -> Count:
    """Return what counts a month's orders of a division by the beginning of their codes."""

    def count(month: str, moment: str, condition: str = "1 = 1", number: str = "1") -> int:
        query = f"""SELECT COALESCE(SUM({number}), 0) FROM collaboration_public.v1_order_fact
                    WHERE scope_division LIKE :d AND {moment} >= CAST(:a AS timestamptz)
                      AND {moment} < CAST(:b AS timestamptz) AND {condition}"""
        first, last = MONTHS[month]
        return int(session.execute(text(query), {"d": f"{division}%", "a": first, "b": last}).scalar_one())

    return count


def expected(code: str, month: str, count: Count, below: int | None) -> tuple[float | None, int | None, int | None]:
    """Return value, numerator and denominator of a starter indicator by plain SQL."""
    registered, closed = count(month, "created_at"), count(month, "closed_at")
    if code in RATES:
        moment, above, base = RATES[code]
        return rate(count(month, moment, f"{above} AND {base}"), count(month, moment, base))
    if code == "order.registered_growth":
        year_ago = count(YEAR_AGO[month], "created_at")
        return rate(registered - year_ago, year_ago)
    if code == "mean.urged":
        return rate(count(month, "created_at", number="urged"), registered, 1)
    if code == "mean.returned":
        return rate(count(month, "dispatched_at", number="bounces"), count(month, "dispatched_at"), 1)
    if code == "rate.below":
        return (None, None, None) if below is None else rate(below, registered)
    plain = {
        "order.registered": registered,
        "order.hotline": count(month, "created_at", "channel = 'hotline'"),
        "order.closed": closed,
        "order.disposed": count(month, "disposed_at"),
        "order.late": count(month, "closed_at", "NOT closed_at <= due_at"),
        "order.urged": count(month, "created_at", "urged >= 1"),
        "order.net_change": registered - closed,
        "order.closed_change": closed - count(EARLIER[month], "closed_at"),
    }
    return float(plain[code]), None, None


def rate(above: int, base: int, scale: int = 100) -> tuple[float | None, int, int]:
    return (above / base * scale if base else None), above, base


def values(person: Person, **asked: Any) -> list[dict[str, Any]]:
    """Return every value that an address shows, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = person.get(f"{API}/values", limit=200, **asked)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        asked["cursor"] = answer.json()["next"]


def test_every_starter_indicator_is_what_plain_sql_counts(computed: Site) -> None:
    leader = computed.person("leader")
    shown = [one for month in EARLIER for one in values(leader, **{"from": month, "to": MONTHS[month][1][:10]})]
    codes = {one["code"] for one in leader.get(f"{API}/definitions", limit=200).json()["items"]}
    assert {one["code"] for one in shown} == codes
    assert len(codes) >= 20
    divisions = sorted({one["division"] for one in shown})
    assert len(divisions) > 3, "the county and what lies directly below"
    with computed.runtime.database.transaction("indicator") as session:
        for one in shown:
            division, month = one["division"], one["period"]["starts"]
            count = counter(session, division)
            lower = [counter(session, d)(month, "created_at") for d in divisions if d != "441721"]
            value, above, base = expected(one["code"], month, count, sum(lower) if division == "441721" else None)
            assert (one["numerator"], one["denominator"]) == (above, base), one
            assert one["value"] == (None if value is None else pytest.approx(value)), one
            assert (one["value"] is None) == bool(one["reason"]), one
    assert any(one["value"] for one in shown if one["code"] == "rate.on_time"), "the check saw more than zeros"
    assert {one["reason"] for one in shown if one["code"] == "rate.below"} >= {"nothing_below"}


def test_a_figure_leads_to_its_rule_and_to_as_many_rows(computed: Site) -> None:
    leader = computed.person("leader")
    checked = 0
    for code in ("order.registered", "order.hotline"):
        for one in values(leader, code=code, division="441721")[:4]:
            rows = leader.get(one["links"]["rows"] + "&count=true").json()
            assert rows["total"] == one["value"]
            checked += rows["total"]
            rule = leader.get(one["links"]["definition"]).json()
            assert (rule["code"], rule["version"], rule["state"]) == (code, one["version"], "published")
    assert checked > 50


def test_late_data_changes_the_month_it_belongs_to_and_nothing_else(computed: Site) -> None:
    leader, operator = computed.person("leader"), computed.person("operator")
    before = {one["id"]: one for one in values(leader)}
    order = operator.register()
    compute(computed)
    after = {one["id"]: one for one in values(leader)}
    changed = {after[key]["code"] for key in after if after[key]["value"] != before[key]["value"]}
    assert "order.registered" in changed
    assert {after[key]["period"]["starts"] for key in after if after[key] != before[key]} == {"2026-11-01"}
    assert order["state"] == "registered"


def draft(person: Person, code: str, **changes: Any) -> Any:
    body = {
        "name": "督办结案量", "formula": "count(closed, supervised)", "caliber": "结案时仍在督办的工单。", "period": "month",
        "unit": "件", **changes,
    }  # fmt: skip
    return person.post(f"{API}/definitions/{code}/versions", body)


def test_a_rule_goes_from_draft_to_published_to_retired_and_never_changes(computed: Site) -> None:
    editor = computed.person("operator")
    path = f"{API}/definitions/local.supervised"
    assert draft(editor, "local.supervised").json()["state"] == "draft"
    assert values(editor, code="local.supervised") == []
    assert editor.post(f"{path}/versions/1/publish", {}).json()["state"] == "published"
    assert {one["version"] for one in values(editor, code="local.supervised")} == {1}
    assert editor.post(f"{path}/versions/1/publish", {}).status_code == 409
    on_top = draft(editor, "local.doubled", formula="local.supervised * 2")
    assert on_top.status_code == 201, on_top.text
    assert editor.post(f"{API}/definitions/local.doubled/versions/1/publish", {}).status_code == 200
    assert editor.get(path).json()["lineage"] == {"feeds_on": [], "feeds": ["local.doubled"]}
    refusal = editor.post(f"{path}/versions/1/retire", {})
    assert (refusal.status_code, refusal.json()["feeds"]) == (409, ["local.doubled"])
    assert draft(editor, "local.supervised", caliber="新口径。").json()["version"] == 2
    assert editor.post(f"{path}/versions/2/publish", {}).status_code == 200
    versions = editor.get(path).json()["versions"]
    assert [(one["version"], one["state"], one["caliber"]) for one in versions] == [
        (2, "published", "新口径。"), (1, "retired", "结案时仍在督办的工单。"),
    ]  # fmt: skip
    assert editor.post(f"{API}/definitions/local.doubled/versions/1/retire", {}).status_code == 200
    assert editor.post(f"{path}/versions/2/retire", {}).status_code == 200
    assert values(editor, code="local.supervised") == []


def test_a_wrong_formula_is_refused_with_its_place_and_rights_hold(computed: Site) -> None:
    editor, leader = computed.person("operator"), computed.person("leader")
    wrong = draft(editor, "local.mixed", formula="count(closed) + sum(closed, urged)")
    assert (wrong.status_code, wrong.json()["errors"][0]["at"]) == (422, 14)
    assert draft(leader, "local.more").status_code == 403
    assert computed.visitor().get(f"{API}/definitions").status_code == 401
    assert computed.person("auditor").get(f"{API}/values").status_code == 403
    assert editor.get(f"{API}/definitions/no.such").status_code == 404
    assert [one["code"] for one in editor.get(f"{API}/definitions", q="退单").json()["items"]] == ["rate.returned"]
    assert editor.get(f"{API}/values", cursor="WyJ4Il0").status_code == 422
