"""Schemathesis knocks at every documented operation of every service, as visitor and as each role.

What it may not find: a 5xx, an answer whose content type or shape is not the documented one, an undocumented status.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok
from sqlalchemy import text

from support.site_lab import SERVICES, Person, Site

EXAMPLES = int(os.environ.get("YIWANG_API_EXAMPLES", "12"))
PROMISES = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")


def operations(site: Site, service: str) -> Iterator[Any]:
    """Yield every documented operation of a service."""
    document = site.visitor().get(f"/api/{service}/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=f"http://unused/api/{service}")
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


Known = dict[str, str]
"""A value that exists at this site, by the name that parameters and fields give it."""


@pytest.fixture(scope="module")
def known(county: Site) -> Known:
    """What a caller who looked around would name."""
    order = county.person("operator").register()
    administrator = county.person("administrator")
    unit = administrator.get("/api/management/v1/units").json()["items"][0]["id"]
    user = administrator.get("/api/management/v1/users").json()["items"][0]["id"]
    return {
        "code": "441721", "division": "441721100", "order_id": order["id"], "matter": "S001", "unit_id": unit, "unit": unit,
        "user_id": user, "role": "operator", "action": "accept", "on": "2026-11-23",
    }  # fmt: skip


def knowingly(asked: dict[str, Any], template: str, known: Known) -> None:
    """Put what exists in the place of what was made up, so that the cases get past the first 404."""
    parts = zip(urlsplit(asked["url"]).path.split("/"), template.split("/"), strict=False)
    asked["url"] = "/".join(known.get(name[1:-1], part) if name.startswith("{") else part for part, name in parts)
    for place in (asked.get("params"), asked.get("json")):
        if isinstance(place, dict):
            place.update({name: known[name] for name in place if name in known})


def send(client: httpx.Client, case: Any, known: Known) -> httpx.Response:
    """Send one case as this person, with what the console adds to every change."""
    asked = case.as_transport_kwargs()
    knowingly(asked, f"/api/{case.operation.base_url.rsplit('/', 1)[-1]}{case.path}", known)
    body = {"json": asked["json"]} if "json" in asked else {"content": asked.get("data")}
    headers = {**asked["headers"], "X-Yiwang-CSRF": "1"}
    answer = client.request(
        asked["method"], urlsplit(asked["url"]).path, params=asked["params"], headers=headers, **body
    )
    answer.elapsed = timedelta(0)  # the transport without a socket measures none
    return answer


def knock(operation: Any, client: httpx.Client, known: Known) -> int:
    """Send random and edge cases to one operation; return how many were sent."""
    checks = CHECKS.get_by_names(list(PROMISES))
    sent = 0

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def each(case: Any) -> None:
        nonlocal sent
        sent += 1
        case.validate_response(send(client, case, known if sent % 2 else {}), checks=checks)

    each()
    return sent


def let_in(county: Site, role: str) -> Person:
    """Sign somebody in; wrong passwords that earlier knocks typed into their account would keep them out."""
    with county.runtime.database.transaction("management") as session:
        session.execute(text("DELETE FROM management.sign_in_try"))
    return county.person(role)


@pytest.mark.parametrize("service", SERVICES)
def test_a_visitor_is_turned_away_in_documented_words(county: Site, service: str) -> None:
    visitor = county.visitor().http
    assert sum(knock(operation, visitor, {}) for operation in operations(county, service)) > 0


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("role", ["administrator", "operator", "auditor"])
def test_whoever_is_signed_in_meets_only_documented_answers(
    county: Site, known: Known, service: str, role: str
) -> None:
    person = let_in(county, role).http
    assert sum(knock(operation, person, known) for operation in operations(county, service)) > 0
