"""`yiwang demo`: fills the sites of a demonstration workspace with invented orders, and sends some through the exchange.

Each site invents its own, by a command of its hub that refuses to run in production. The rows are marked as generated;
the handful that is handed up goes the way of every order, entered and acted on over HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from yiwang.adapters.hub_http import HubClient
from yiwang.bringup import people
from yiwang.bringup.machine import Machine
from yiwang.bringup.up import county_and_city
from yiwang.errors import NotReady, Refused
from yiwang.operate import journey

ROLE, COMMAND, FIGURES = "operator", "collaboration:demonstration", "indicator:compute"
SHARES = {"county": 40, "city": 35, "province": 25, "town": 10}
"""Parts of all orders that a site of a tier invents: most of the work is done below."""
HANDED_UP, AT_ONCE = 20, 2


@dataclass(frozen=True)
class Filled:
    """What a site holds now. 样例数据。"""

    site: str
    name: str
    added: int
    removed: int
    present: int
    seconds: float


def fill(machine: Machine, orders: int, seed: int, say: Callable[[str], None]) -> list[Filled]:
    """Bring the invented orders of all sites here up to a number, and hand some up. Raises Refused, NotReady."""
    require_demonstration(machine)
    shares = shares_of(machine, orders)
    say(f"{orders:,} 个样例工单 invented orders over {len(shares)} 个站点 sites")
    filled = _each(machine, {site: ("--orders", str(n), "--seed", str(seed)) for site, n in shares.items()})
    if any(item.added for item in filled):
        say(f"{hand_up(machine)} 个工单经层级交换上报 orders were handed up through the exchange")
    return _counted(machine, filled)


def clear(machine: Machine) -> list[Filled]:
    """Take all invented orders away again."""
    require_demonstration(machine)
    return _counted(machine, _each(machine, {site.id: ("--remove",) for site in machine.sites()}))


def _counted(machine: Machine, filled: list[Filled]) -> list[Filled]:
    """Let sites whose orders changed compute their figures now: the next hour would show the old ones until then."""
    moved = [item.site for item in filled if item.added or item.removed]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda site: machine.site(site).command(FIGURES), moved))
    return filled


def require_demonstration(machine: Machine) -> None:
    """Raise Refused outside a demonstration, NotReady where a site does not run."""
    if not machine.workspace.demo:
        raise Refused(rule="仅限演示工作区 / only a demonstration workspace is filled with invented orders", who="",
                      next="yiwang init --profile demo")  # fmt: skip
    asleep = [site.id for site in machine.sites() if not machine.site(site.id).supervisor.running()]
    if asleep:
        raise NotReady(what=f"站点未运行 / not running: {', '.join(asleep)}", next="yiwang up")


def shares_of(machine: Machine, orders: int) -> dict[str, int]:
    """Return how many orders each site invents."""
    parts = {site.id: SHARES[site.tier] for site in machine.sites()}
    whole = sum(parts.values())
    return {site: orders * part // whole for site, part in parts.items()}


def _each(machine: Machine, words: dict[str, tuple[str, ...]]) -> list[Filled]:
    """Run the sites' commands, two at a time, and return what each said, in the tree's order."""
    names = {site.id: site.name for site in machine.sites()}

    def run(site: str) -> Filled:
        said: dict[str, Any] = json.loads(machine.site(site).command(COMMAND, *words[site]))
        return Filled(site, names[site], said["added"], said["removed"], said["present"], said["seconds"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, words))


def hand_up(machine: Machine) -> int:
    """Enter orders at the county and hand them to the city, by the doors that people use; return how many."""
    pair = county_and_city(machine)
    if pair is None:
        return 0
    county, _ = pair
    person = people.person(people.everybody(machine), county, ROLE)
    with HubClient(person.base_url) as client:
        client.sign_in(person.login, person.password)
        return sum(1 for _ in _handed(client, county))


def _handed(client: HubClient, county: str) -> Iterator[str]:
    matters = client.get("/api/matter/v1/matters", limit=10)["items"]
    for number in range(HANDED_UP):
        draft = {**journey.complaint(county), "matter": matters[number % len(matters)]["code"], "generated": True}
        made = client.post("/api/collaboration/v1/orders", draft, key=f"demo-hand-up-{number}")
        order = client.order(made["id"])
        if order["state"] == "registered":
            order = client.act(order, "accept")
        if order["state"] == "accepted":
            client.act(order, "hand_up", note="样例：超出县级权限，上报市级")
        yield order["id"]
