"""Rights are rows joined by SQL: they hold on every list, and a change holds at the very next request."""

from __future__ import annotations

from typing import Any

from support.kit_lab import CITY, COUNTY, OTHER, READ, TOWN, WRITE, Lab
from yiwang_kit.ids import uuid7


def names(lab: Lab, **query: Any) -> list[str]:
    """Return the names on a page of rows."""
    answer = lab.client.get("/api/toy/v1/rows", params=query)
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["items"]]


def test_a_list_holds_the_subtree_and_no_sibling(lab: Lab) -> None:
    person = lab.person()
    lab.allow(person, READ, division=COUNTY)
    for name, division in (("city", CITY), ("county", COUNTY), ("town", TOWN), ("sibling", OTHER)):
        lab.row(name, division)
    lab.sign_in(person)
    assert names(lab) == ["county", "town"]


def test_without_a_grant_there_is_nothing_to_see(lab: Lab) -> None:
    lab.row("county", COUNTY)
    lab.sign_in(lab.person())
    assert names(lab) == []


def test_somebody_moved_out_of_a_subtree_sees_the_new_rights_at_the_next_request(lab: Lab) -> None:
    person = lab.person()
    lab.allow(person, READ, division=COUNTY)
    lab.row("county", COUNTY)
    lab.row("sibling", OTHER)
    lab.sign_in(person)
    assert names(lab) == ["county"]
    lab.sql("UPDATE management_public.v1_grant SET division = :d WHERE user_id = :u", d=OTHER, u=person)
    assert names(lab) == ["sibling"]


def test_a_grant_of_unit_and_division_needs_both(lab: Lab) -> None:
    person, unit = lab.person(), uuid7()
    lab.sql("INSERT INTO management_public.v1_unit_closure VALUES (:u, :u, 0)", u=unit)
    lab.allow(person, READ, division=COUNTY, unit=unit)
    lab.row("ours here", COUNTY, unit)
    lab.row("ours elsewhere", OTHER, unit)
    lab.row("theirs here", COUNTY, uuid7())
    lab.row("nobody's here", COUNTY)
    lab.sign_in(person)
    assert names(lab) == ["ours here"]


def test_a_right_elsewhere_is_no_right_here(lab: Lab) -> None:
    person = lab.person()
    lab.allow(person, WRITE, division=OTHER)
    lab.sign_in(person)
    answer = lab.post("/api/toy/v1/rows", {"name": "x", "division": COUNTY}, **{"Idempotency-Key": "1"})
    assert answer.status_code == 403
    assert answer.json()["permission"] == WRITE


def test_a_route_that_requires_a_permission_says_which_is_missing(lab: Lab) -> None:
    person = lab.person()
    lab.sign_in(person)
    assert lab.client.get("/api/toy/v1/guarded").json()["permission"] == WRITE
    lab.allow(person, WRITE, division=COUNTY)
    assert lab.client.get("/api/toy/v1/guarded").json() == {"login": "li"}


def test_pages_follow_each_other_without_gap_or_repeat(lab: Lab) -> None:
    person = lab.person()
    lab.allow(person, READ, division=COUNTY)
    for number in range(7):
        lab.row(str(number), COUNTY)
    lab.sign_in(person)
    seen, cursor = [], ""
    while cursor is not None:
        page = lab.client.get("/api/toy/v1/rows", params={"limit": 3, "cursor": cursor}).json()
        seen += [row["name"] for row in page["items"]]
        cursor = page["next"]
    assert seen == [str(number) for number in range(7)]


def test_sql_and_formula_text_is_only_a_name(lab: Lab) -> None:
    person = lab.person()
    lab.allow(person, READ, division=COUNTY)
    lab.allow(person, WRITE, division=COUNTY)
    lab.sign_in(person)
    wanted = ["'; DROP TABLE kit.toy_row; --", "=1+1", "𠮷田㐂", "%", "\u202eabc", "<script>"]
    for number, name in enumerate(wanted):
        answer = lab.post("/api/toy/v1/rows", {"name": name, "division": COUNTY}, **{"Idempotency-Key": str(number)})
        assert answer.status_code == 201
    assert sorted(names(lab)) == sorted(wanted)
    assert names(lab, q="𠮷田") == ["𠮷田㐂"]
    assert names(lab, q="' OR 1=1 --") == []
