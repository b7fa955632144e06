"""The smoke journey: one citizen's complaint through county and city and back, judged by what all sites tell of it.

It is the shortest story that touches everything a release must carry between tiers: intake, dispatch, hand-over by
message, handling at the other site, return of ownership, verification, closure, and the trace as one story everywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yiwang.adapters.hub_http import HubClient
from yiwang.errors import Refused

Say = Callable[[str], None]
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in at a site. 可登录某站点的人员。"""

    base_url: str
    login: str
    password: str


@dataclass(frozen=True)
class Journey:
    """What a journey proved. 一次业务贯通的结果。"""

    order_id: str
    number: str
    sites: tuple[str, ...]
    steps: int
    seconds: float


def complaint(division: str) -> dict[str, Any]:
    """Return a citizen's complaint as the hotline would enter it, marked as a sample; the matter is chosen at intake."""
    return {
        "title": "【样例】沿江路路面塌陷影响通行",
        "description": "市民来电：沿江路与朝阳路交叉口路面塌陷约两平方米，夜间无警示，请尽快处置。",
        "channel": "hotline",
        "reporter": {"name": "陈𠮷", "phone": "13800000000"},
        "division": division,
        "address": "沿江路与朝阳路交叉口",
        "location": None,
    }


def story(order: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Reduce an order to what must be equal on every site: (site, action) of each trace row, in order."""
    return [(row["site"], row["action"]) for row in order["trace"]]


def run(
    *, county: Person, city: Person, watchers: Mapping[str, Person], complaint: Mapping[str, Any], say: Say
) -> Journey:
    """Carry one complaint from the county to the city and back to closure.

    `watchers` are the people who read the story afterwards, by site. Raises Refused when a site refuses a step or when
    the story does not arrive within PATIENCE_SECONDS.
    """
    started = time.monotonic()
    with HubClient(county.base_url) as here, HubClient(city.base_url) as there:
        here.sign_in(county.login, county.password)
        there.sign_in(city.login, city.password)
        order = intake(here, complaint, say)
        handle_at_city(there, order["id"], say)
        closed = close(here, order["id"], say)
    for site, person in watchers.items():
        await_story(person, closed, site)
    say(f"全部站点的办理轨迹一致 one story on {', '.join(watchers)}: {len(closed['trace'])} steps")
    return Journey(closed["id"], closed["number"], tuple(watchers), len(closed["trace"]), time.monotonic() - started)


def intake(here: HubClient, complaint: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Register and accept at the county, then hand the order up."""
    matter = here.get("/api/matter/v1/matters", limit=1)["items"][0]["code"]
    order = here.post("/api/collaboration/v1/orders", {"matter": matter, **complaint})
    say(f"登记 {order['number']}")
    order = here.act(order, "accept")
    return here.act(order, "hand_up", note="需市级协同处置")


def handle_at_city(there: HubClient, order_id: str, say: Say) -> None:
    """Wait for the order at the city, dispatch, sign, dispose and send it back for verification."""
    order = await_order(there, order_id, lambda found: bool(found["here"]))
    say("市级收到 the city has it")
    unit = first_unit(order)
    for action, fields in (("dispatch", {"unit": unit}), ("sign", {}), ("dispose", {"note": "已现场处置完毕"}),
                           ("hand_back", {"note": "处置完毕，返回核查"})):  # fmt: skip
        order = there.act(order, action, **fields)
    say("市级已处置并返回 handled and returned")


def close(here: HubClient, order_id: str, say: Say) -> dict[str, Any]:
    """Wait for the order's return, verify and close it."""
    order = await_order(here, order_id, lambda found: bool(found["here"]))
    order = here.act(order, "verify", note="已核查，群众满意")
    order = here.act(order, "close", note="结案")
    say("核查结案 verified and closed")
    return here.order(order_id)


def first_unit(order: Mapping[str, Any]) -> str:
    """Return the first unit that the dispatch action offers."""
    choices = [field["choices"] for action in order["actions"] for field in action["fields"]
               if action["name"] == "dispatch" and field["name"] == "unit"]  # fmt: skip
    if not choices or not choices[0]:
        raise Refused(rule=f"order {order['number']} offers no unit to dispatch to", who="the site's administrator",
                      next="yiwang status")  # fmt: skip
    return str(choices[0][0]["value"])


def await_order(client: HubClient, order_id: str, ready: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Poll one order until `ready` says so. Raises Refused after PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            order = client.order(order_id)
        except Refused as refusal:
            if not refusal.rule.startswith("404"):
                raise
        else:
            if ready(order):
                return order
        time.sleep(POLL_SECONDS)
    raise Refused(rule=f"order {order_id} did not arrive at {client.base_url} within {PATIENCE_SECONDS:.0f} s",
                  who="operations", next="yiwang status")  # fmt: skip


def await_story(person: Person, expected: Mapping[str, Any], site: str) -> None:
    """Wait until one site tells the same story as the owning site."""
    with HubClient(person.base_url) as client:
        client.sign_in(person.login, person.password)
        try:
            await_order(client, expected["id"], lambda found: story(found) == story(expected))
        except Refused as refusal:
            raise Refused(rule=f"{site} does not tell the whole story of {expected['number']}", who="operations",
                          next="yiwang status") from refusal  # fmt: skip
