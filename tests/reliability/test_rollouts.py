"""N → N+1 over three real sites while orders flow, then a release that fails its health check and rolls itself back.

A ledger on the client's side counts what the county confirmed; afterwards every confirmed order is there, at the county
and at the city that it was handed to, and both ledgers of the link end in the same head.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from yiwang.adapters.control_http import ControlClient
from yiwang.adapters.hub_http import HubClient
from yiwang.bringup.machine import Machine
from yiwang.errors import YiwangError
from yiwang.operate import journey, release
from yiwang.operate.fleet import control_client
from yiwang.operate.journey import Person
from yiwang.operate.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[2]
PROVINCE, CITY, COUNTY = SITES = "440000", "441700", "441721"
ROLLOUT_SECONDS = 400.0
CUT_SECONDS, CUT_ORDERS = 60.0, 200
pytestmark = pytest.mark.timeout(560)


@pytest.fixture(scope="module")
def machine() -> Machine:
    folder = os.environ.get("YIWANG_WORKSPACE")
    if not folder:
        pytest.fail("no running sites. Next: make reliability", pytrace=False)
    return Machine(open_workspace(Path(folder)))


@pytest.fixture(scope="module")
def control(machine: Machine) -> Iterator[ControlClient]:
    with control_client(machine.workspace) as client:
        yield client


@pytest.fixture(scope="module")
def county_operator() -> Person:
    return operator_of(COUNTY)


def operator_of(site: str) -> Person:
    entry = json.loads(Path(os.environ["YIWANG_BROWSER_SITES"]).read_text(encoding="utf-8"))[site]
    user = entry["users"]["operator"]
    return Person(entry["base_url"], user["login"], user["password"])


class Flow:
    """Registers and hands up orders until told to stop; remembers each one that the county confirmed."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.confirmed: list[str] = []
        self.refused = 0

    def __enter__(self) -> Flow:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        number = 0
        with HubClient(self._person.base_url) as client:
            signed_in = False
            while not self._ending.is_set():
                try:
                    if not signed_in:
                        client.sign_in(self._person.login, self._person.password)
                        signed_in = True
                    self._one(client, f"flow-{os.getpid()}-{id(self)}-{number}")
                except YiwangError:
                    self.refused += 1  # the same key is tried again: a switch costs time, never an order
                    time.sleep(0.2)
                else:
                    number += 1
                    time.sleep(0.1)

    def _one(self, client: HubClient, key: str) -> None:
        order = register(client, key)
        if order["state"] == "registered":
            order = client.act(order, "accept")
        if order["state"] == "accepted":
            client.act(order, "hand_up", note="可靠性测试")
        self.confirmed.append(order["id"])


def register(client: HubClient, key: str) -> dict[str, Any]:
    matter = client.get("/api/matter/v1/matters", limit=1)["items"][0]["code"]
    made = client.post("/api/collaboration/v1/orders", {"matter": matter, **journey.complaint(COUNTY)}, key=key)
    return client.order(made["id"])


def missing(site: str, orders: list[str]) -> list[str]:
    """Return which orders a site does not hold, after giving the link its time."""
    person, deadline = operator_of(site), time.monotonic() + 90
    with HubClient(person.base_url) as client:
        client.sign_in(person.login, person.password)
        left = list(orders)
        while left and time.monotonic() < deadline:
            left = [order for order in left if not holds(client, order)]
            time.sleep(0.5 if left else 0)
    return left


def holds(client: HubClient, order: str) -> bool:
    try:
        client.order(order)
    except YiwangError:
        return False
    return True


def publish(machine: Machine, control: ControlClient, overlay: str) -> str:
    built = release.build(
        ROOT, machine.workspace.state.root / "releases", overlay=ROOT / "tests/support" / overlay,
        enter_from=tuple(item["release"] for item in control.releases()["items"]),
    )  # fmt: skip
    control.publish_release(built.folder)
    return built.manifest.release


def roll(control: ControlClient, wanted: str) -> dict[str, Any]:
    plan = control.plan(wanted, policy="swift")
    control.start(plan["id"])
    deadline = time.monotonic() + ROLLOUT_SECONDS
    while True:
        state = control.rollout(plan["id"])
        if state["finished"] or time.monotonic() > deadline:
            return state
        time.sleep(1.0)


def pids(machine: Machine, site: str, *names: str) -> dict[str, int]:
    processes = machine.site(site).supervisor.ask("status")["processes"]
    return {process["name"]: process["pid"] for process in processes if process["name"] in names}


def program(machine: Machine, site: str, name: str) -> str:
    """Return the interpreter that a process of a site runs by, as its table names it and the kernel confirms."""
    return Path(f"/proc/{pids(machine, site, name)[name]}/cmdline").read_bytes().split(b"\0")[0].decode()


def releases(control: ControlClient) -> dict[str, str]:
    return {row["site"]: row["release"] for row in control.status()["sites"]}


def heads_equal() -> bool:
    """Whether the county's ledger to the city and the city's copy of it end in the same head, and the other way round."""
    links = {}
    for site, peer in ((COUNTY, CITY), (CITY, COUNTY)):
        person = operator_of(site)
        with HubClient(person.base_url) as client:
            client.sign_in(person.login, person.password)
            links[site] = next(i for i in client.get("/api/exchange/v1/links")["items"] if i["site"] == peer)
    up, down = links[COUNTY], links[CITY]
    return up["head_sent"] == down["head_received"] and up["head_received"] == down["head_sent"] and up["queued"] == 0


def wait_until(what: str, seconds: float, holds_now: Any) -> None:
    deadline = time.monotonic() + seconds
    while not holds_now():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.5)


def test_n_plus_1_rolls_over_three_sites_while_orders_flow_and_keeps_every_order(
    machine: Machine, control: ControlClient, county_operator: Person
) -> None:
    wanted = publish(machine, control, "next")
    engines = {site: pids(machine, site, "postgres", "nats") for site in SITES}
    with Flow(county_operator) as flow:
        state = roll(control, wanted)
    assert state["status"] == "completed", state["reason"]
    assert set(releases(control).values()) == {wanted}
    assert len(flow.confirmed) > 20
    assert {site: pids(machine, site, "postgres", "nats") for site in SITES} == engines, "engines ran on"
    for site in SITES:
        assert f"/agent-{wanted}-" in program(machine, site, "agent"), "the release's own agent executes it"
        assert any(f"/agent-{wanted}-" in word for word in machine.site(site).supervisor.ask("status")["argv"])
    assert missing(COUNTY, flow.confirmed) == []
    assert missing(CITY, flow.confirmed) == []
    wait_until("equal chain heads", 30, heads_equal)


def test_a_release_that_fails_its_health_check_rolls_itself_back(
    machine: Machine, control: ControlClient, county_operator: Person
) -> None:
    before = releases(control)
    with Flow(county_operator) as flow:
        state = roll(control, publish(machine, control, "failing"))
    assert state["status"] == "rolled_back", state
    wait_until("every site back and the same", 60, lambda: all(r["state"] == "same" for r in control.status()["sites"]))
    assert releases(control) == before
    assert missing(COUNTY, flow.confirmed) == []
    assert missing(CITY, flow.confirmed) == []


def test_orders_sent_while_the_link_is_cut_arrive_once_it_is_back(machine: Machine, county_operator: Person) -> None:
    processes = machine.site(COUNTY).supervisor.ask("status")["processes"]
    nats = next(p["pid"] for p in processes if p["name"] == "nats")
    sent = []
    os.kill(nats, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with HubClient(county_operator.base_url) as client:
            client.sign_in(county_operator.login, county_operator.password)
            for number in range(CUT_ORDERS):
                order = client.act(register(client, f"cut-{os.getpid()}-{number}"), "accept")
                client.act(order, "hand_up", note="断网期间上报")
                sent.append(order["id"])
        time.sleep(max(0.0, CUT_SECONDS - (time.monotonic() - began)))
    finally:
        os.kill(nats, signal.SIGCONT)
    assert missing(CITY, sent) == []
    wait_until("equal chain heads", 60, heads_equal)
