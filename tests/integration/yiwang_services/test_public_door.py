"""The public door, driven by two clients that others wrote, and held against GeoReport v2 as its specification says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from civicbot.http import HttpTransport, RateLimiter
from civicbot.open311 import Open311Client
from civicbot.registry import Endpoint
from georeport import GeoReport
from jsonschema import Draft202012Validator

from support import street_door
from yiwang_services.collaboration.settings import PUBLIC_BURST, PUBLIC_KEYS_FILE

SCHEMAS = json.loads((Path(street_door.__file__).parent / "georeport_v2.schema.json").read_text(encoding="utf-8"))
PHONE, NAME = "13800138000", "陈小明"


def conforms(name: str, content: Any) -> Any:
    """Return content that is as the specification says."""
    Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMAS["$defs"]}).validate(content)
    return content


@pytest.fixture(scope="module")
def street(county: Any) -> Iterator[str]:
    """Where the door listens."""
    with street_door.listening(county.hub, county.runtime.settings.public_url) as address:
        yield f"{address}/open311/v2"


@pytest.fixture(scope="module")
def bot(street: str) -> Open311Client:
    """A client of the package civicbot, without its pauses."""
    endpoint = Endpoint(id="yangxi", name="阳西县", base_url=street, write=True, api_key_required_for_write=False)
    return Open311Client(endpoint, HttpTransport(rate_limiter=RateLimiter(0.0)), jurisdiction_id="441721")


@pytest.fixture(scope="module")
def number(bot: Open311Client) -> str:
    """The id of a report that civicbot handed in, checked by it against our own definitions first."""
    sent = bot.create_request(
        "S001", dry_run=False, confirm="SEND", validate_remote=True, lat=21.75, lng=111.61,
        address_string="人民路与振兴路口", description=f"路口坑洼，联系电话{PHONE}", first_name="小明", last_name="陈", phone=PHONE,
        attributes={"division": "441721100"},
    )  # fmt: skip
    return str(conforms("created", sent.response)[0]["service_request_id"])


def test_a_report_of_a_foreign_client_is_an_order_that_staff_handle(county: Any, bot: Any, number: str) -> None:
    registrar = county.person("registrar")
    order = registrar.get("/api/collaboration/v1/orders", q=number).json()["items"][0]
    order = registrar.order(order["id"])
    assert (order["division"], order["channel"], order["reporter"]["phone"]) == ("441721100", "web", PHONE)
    assert order["trace"][0]["actor"] == "公众（公众入口）"
    registrar.act(order, "decline", note="重复")
    assert conforms("service_requests", bot.list_requests(service_request_ids=[number]))[0]["status"] == "closed"
    assert bot.list_requests(status="open") == []
    assert [found["service_request_id"] for found in bot.list_requests(status="closed", service_code="S001")] == [
        number
    ]


def test_two_foreign_clients_read_the_same_in_json_and_in_xml(street: str, bot: Any, number: str) -> None:
    plain, marked = GeoReport(street, "441721"), GeoReport(street, "441721", output_format="xml")
    services = conforms("services", plain.get_service_list())
    assert bot.list_services() == services
    assert [s["service_code"] for s in marked.get_service_list()] == [s["service_code"] for s in services]
    definition = conforms("service_definition", plain.get_service_definition("S001"))
    assert definition["attributes"][0]["values"][0]["key"].startswith("441721")
    assert marked.get_service_definition("S001")["service_code"] == "S001"
    one = plain.get_service_request(number)
    conforms("service_requests", [one])
    assert marked.get_service_request(number)["service_request_id"] == number
    assert bot.get_request(number) == one
    assert plain.get_service_requests(service_request_id=number) == [one]


def test_nobody_learns_at_the_door_who_reported_nor_of_orders_from_elsewhere(
    county: Any, street: str, number: str
) -> None:
    inside = county.person("registrar").register(title="窗口登记")
    shown = httpx.get(f"{street}/requests.json").text + httpx.get(f"{street}/requests/{number}.xml").text
    assert number in shown
    assert NAME not in shown
    assert PHONE not in shown
    assert "138****8000" in shown
    assert inside["number"] not in shown
    assert httpx.get(f"{street}/requests/{inside['number']}.json").status_code == 404
    token = httpx.get(f"{street}/tokens/{inside['id']}.json")
    assert token.status_code == 404
    conforms("errors", token.json())


def test_a_token_is_answered_with_its_report(county: Any, street: str, number: str) -> None:
    order = county.person("registrar").get("/api/collaboration/v1/orders", q=number).json()["items"][0]
    answer = conforms("token", httpx.get(f"{street}/tokens/{order['id']}.json").json())
    assert answer[0]["service_request_id"] == number


def test_the_door_says_where_it_is(street: str) -> None:
    conforms("discovery", httpx.get(f"{street}/discovery.json").json())
    root = ElementTree.fromstring(httpx.get(f"{street}/discovery.xml").content)  # noqa: S314 - our own answer
    assert [element.tag for element in root] == ["changeset", "contact", "key_service", "endpoints"]


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("POST", "requests.json", {"service_code": "S001", "description": "没有地点"}, 400),
        ("POST", "requests.json", {"service_code": "S001", "address_string": "人民路"}, 400),
        ("POST", "requests.json", {"service_code": "S999", "address_string": "人民路", "description": "x"}, 400),
        ("POST", "requests.json", {"service_code": "S001", "lat": "91", "long": "0", "description": "x"}, 400),
        ("POST", "requests.json", {"service_code": "S001", "lat": "1e3", "long": "nan", "description": "x"}, 400),
        ("POST", "requests.xml", {"service_code": "S001", "address_id": "440106", "description": "x"}, 400),
        ("POST", "requests.xml", {"service_code": "S001", "address_string": "翻\u202e转", "description": "x"}, 400),
        ("GET", "requests.json", {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"}, 400),
        ("GET", "requests.json", {"start_date": "yesterday"}, 400),
        ("GET", "requests.json", {"page_size": "0"}, 400),
        ("GET", "requests.json", {"status": "lost"}, 400),
        ("GET", "requests.xml", {"jurisdiction_id": "sfgov.org"}, 404),
        ("GET", "services/S999.json", {}, 404),
        ("GET", "tokens/nonsense.json", {}, 404),
    ],
)
def test_what_is_wrong_is_said_as_the_specification_says_it(
    street: str, method: str, path: str, given: dict[str, str], status: int
) -> None:
    sent = {"data": given} if method == "POST" else {"params": given}
    answer = httpx.request(method, f"{street}/{path}", **sent)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    if path.endswith("json"):
        assert conforms("errors", answer.json())[0]["code"] == status
    else:
        error = ElementTree.fromstring(answer.content)  # noqa: S314 - our own answer
        assert error.findtext("error/code") == str(status)


def test_a_site_that_gives_out_keys_wants_one_and_one_address_may_not_flood(fresh_county: Any) -> None:
    file = fresh_county.runtime.settings.secrets_dir / PUBLIC_KEYS_FILE
    file.write_text("a-key\n", encoding="utf-8")
    visitor, report = fresh_county.visitor().http, {"service_code": "S001", "address_string": "x", "description": "x"}

    def post(**more: str) -> int:
        return visitor.post("/open311/v2/requests.json", data=report | more).status_code

    assert post() == 403
    assert post(api_key="other") == 403
    assert post(api_key="a-key") == 201
    file.unlink()
    codes = [post() for _ in range(int(PUBLIC_BURST))]
    assert (codes[0], codes[-1]) == (201, 429)
