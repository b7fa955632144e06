"""Values that units submit, approved by another person, and how they come up a tier by the real exchange and roll up there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from support.three_sites import Three, new_keys
from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_services.indicator.contracts import VALUE

API = "/api/indicator/v1"
CITY, COUNTY = "441700", "441721"
PATIENCE = 20.0
RATE = {
    "name": "供水水质达标率",
    "formula": "submitted(ratio, 10)",
    "caliber": "抽检达标批次占抽检批次。",
    "period": "month",
    "unit": "%",
}
COUNT = {
    "name": "在册渣土车",
    "formula": "submitted(latest, 5)",
    "caliber": "月末在册车辆。",
    "period": "month",
    "unit": "辆",
}
CODES = {"water.safe": RATE, "trucks": COUNT}


def publish(site: Any) -> None:
    """Publish the submitted indicators at a site, as its editor does."""
    editor = site.person("operator")
    for code, body in CODES.items():
        made = editor.post(f"{API}/definitions/{code}/versions", body)
        assert made.status_code == 201, made.text
        done = editor.post(f"{API}/definitions/{code}/versions/{made.json()['version']}/publish", {})
        assert done.status_code == 200, done.text


@pytest.fixture(scope="module")
def three(open_site: Any, tree: Any) -> Three:
    """Province, city and county with running links; city and county ask for the same values."""
    opened = Three(open_site, tree, new_keys())
    for site in (CITY, COUNTY):
        publish(opened[site])
    return opened


def month(offset: int = 0) -> str:
    """Return the first day of a month, so many before this one, of the country's time."""
    from datetime import UTC, datetime

    from yiwang_services.indicator.periods import recent

    return recent("month", datetime.now(UTC), offset + 1)[-1].starts.isoformat()


def submit(site: Any, code: str, starts: str, division: str, **figures: Any) -> Any:
    """Submit a value as the dispatcher."""
    body = {"code": code, "division": division, "starts": starts, "note": "月报", **figures}
    return site.person("dispatcher").post(f"{API}/submissions", body)


def approve(site: Any, submission: str, *, yes: bool = True) -> Any:
    """Decide as the leader."""
    return site.person("leader").post(f"{API}/submissions/{submission}/decision", {"approve": yes, "reason": ""})


def eventually(look: Callable[[], Any]) -> Any:
    """Look until there is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def shown(site: Any, code: str, division: str, starts: str) -> dict[str, Any]:
    """Return a value as a leader sees it."""
    found = site.person("leader").get(f"{API}/values", code=code, division=division).json()["items"]
    return next(item for item in found if item["period"]["starts"] == starts)


def compute(site: Any) -> None:
    """Do what the hub does hourly."""
    for chore in site.runtime.chores:
        chore()


def test_a_rate_is_submitted_in_parts_counts_once_approved_by_another_and_goes_up_as_sums_over_sums(three: Any) -> None:
    county, city, last = three[COUNTY], three[CITY], month(1)
    sent = submit(county, "water.safe", last, COUNTY, numerator=45, denominator=50)
    assert sent.status_code == 201, sent.text
    assert shown(county, "water.safe", COUNTY, last)["reason"] == "not_submitted"
    assert approve(county, sent.json()["id"]).status_code == 200
    here = shown(county, "water.safe", COUNTY, last)
    assert (here["value"], here["numerator"], here["denominator"]) == (90.0, 45.0, 50.0)

    def arrived() -> Any:
        return [item for item in city.person("leader").get(f"{API}/reported", code="water.safe").json()["items"]
                if item["period"]["starts"] == last and item["value"] is not None]  # fmt: skip

    found = eventually(arrived)
    assert found, "the county's value did not come up"
    assert (found[0]["site"], found[0]["value"], found[0]["same_rule"]) == (COUNTY, 90.0, True)

    other = next(code for code in below(city) if code != COUNTY)
    sent = submit(city, "water.safe", last, other, numerator=5, denominator=50)
    assert approve(city, sent.json()["id"]).status_code == 200
    compute(city)
    rolled = shown(city, "water.safe", CITY, last)
    assert (rolled["value"], rolled["numerator"], rolled["denominator"]) == (
        50.0,
        50.0,
        100.0,
    )  # not the mean of 90 and 10
    assert rolled["reason"] == ("partial" if len(below(city)) > 2 else "")


def below(site: Any) -> list[str]:
    """Return the divisions directly below a site's own, by plain SQL."""
    from sqlalchemy import text

    query = "SELECT descendant FROM management_public.v1_division_closure WHERE ancestor = :a AND depth = 1 ORDER BY 1"
    with site.runtime.database.transaction("indicator") as session:
        return [row[0] for row in session.execute(text(query), {"a": site.runtime.settings.site.code})]


def test_of_a_stock_the_last_value_up_to_the_period_counts(three: Any) -> None:
    county = three[COUNTY]
    sent = submit(county, "trucks", month(2), COUNTY, value=31)
    assert approve(county, sent.json()["id"]).status_code == 200
    assert shown(county, "trucks", COUNTY, month(0))["value"] == 31.0
    assert shown(county, "trucks", COUNTY, month(3))["value"] is None


def test_nobody_approves_their_own_value_and_a_refused_one_never_counts(three: Any) -> None:
    county, starts = three[COUNTY], month(3)
    operator = county.person("operator")
    own = operator.post(f"{API}/submissions", {"code": "trucks", "division": COUNTY, "starts": starts, "value": 7})
    assert operator.post(f"{API}/submissions/{own.json()['id']}/decision", {"approve": True}).status_code == 403
    assert submit(county, "trucks", starts, COUNTY, value=8).status_code == 409
    assert approve(county, own.json()["id"], yes=False).status_code == 200
    assert shown(county, "trucks", COUNTY, starts)["value"] is None


def test_a_corrected_value_is_another_revision_and_the_first_can_be_read_as_of_its_day(three: Any) -> None:
    county, starts = three[COUNTY], month(4)
    first = submit(county, "water.safe", starts, COUNTY, numerator=1, denominator=2).json()
    approve(county, first["id"])
    second = submit(county, "water.safe", starts, COUNTY, numerator=2, denominator=2).json()
    approve(county, second["id"])
    assert (first["revision"], second["revision"]) == (1, 2)
    assert shown(county, "water.safe", COUNTY, starts)["value"] == 100.0
    leader = county.person("leader")
    then = leader.get(f"{API}/submissions", code="water.safe", as_of=first["submitted_at"]).json()["items"]
    assert [one["revision"] for one in then if one["period"]["starts"] == starts] == [1]
    assert first["late"] is True


def test_what_is_owed_names_period_and_due_day_and_says_what_is_late(three: Any) -> None:
    owed = three[COUNTY].person("dispatcher").get(f"{API}/owed").json()["items"]
    assert {item["code"] for item in owed} <= set(CODES)
    assert any(item["late"] for item in owed)
    assert all(item["due"] > item["period"]["starts"] for item in owed)


@pytest.mark.parametrize(
    "figures", [{"value": 1}, {"numerator": 1}, {}, {"value": 1, "numerator": 1, "denominator": 2}]
)
def test_a_rate_is_given_by_its_parts_alone(three: Any, figures: dict[str, int]) -> None:
    refused = submit(three[COUNTY], "water.safe", month(5), COUNTY, **figures)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "numerator"


def test_a_day_that_begins_no_period_a_computed_indicator_and_a_foreign_division_are_refused(three: Any) -> None:
    county = three[COUNTY]
    assert submit(county, "trucks", "2026-01-15", COUNTY, value=1).status_code == 422
    assert submit(county, "order.closed", month(1), COUNTY, value=1).status_code == 422
    assert submit(county, "trucks", month(1), "445200", value=1).status_code == 403


def test_a_site_believes_only_its_own_children_about_their_own_division(three: Any) -> None:
    from yiwang_services.indicator.reporting import Reporting

    city = three[CITY].runtime
    keep = Reporting(city).keep
    payload = {"division": CITY, "as_of": "2026-11-01T00:00:00+00:00", "values": []}
    for origin, division in (("440000", "440000"), (COUNTY, CITY)):
        envelope = envelope_from(origin, {**payload, "division": division})
        with city.database.transaction("indicator") as session, pytest.raises(ExchangeReject):
            keep(session, envelope)


def envelope_from(origin: str, payload: dict[str, Any]) -> Any:
    """Return what the handler looks at of an envelope."""
    from unittest.mock import Mock

    return Mock(spec=Envelope, origin=origin, payload=payload, kind=VALUE)
