"""A county's database is destroyed after its last backup: everything that it had told the city comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from yiwang.adapters.hub_http import HubClient
from yiwang.bringup.machine import Machine
from yiwang.operate import journey
from yiwang.operate.journey import Person
from yiwang.operate.workspace import open_workspace

CITY, COUNTY = "441700", "441721"
YIWANG = str(Path(sys.executable).with_name("yiwang"))
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def machine() -> Machine:
    folder = os.environ.get("YIWANG_WORKSPACE")
    if not folder:
        pytest.fail("no running sites. Next: make reliability", pytrace=False)
    return Machine(open_workspace(Path(folder)))


def yiwang(*words: str, expected: int = 0) -> Any:
    done = subprocess.run([YIWANG, *words, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else done.stderr


def operator_of(site: str) -> Person:
    entry = json.loads(Path(os.environ["YIWANG_BROWSER_SITES"]).read_text(encoding="utf-8"))[site]
    user = entry["users"]["operator"]
    return Person(entry["base_url"], user["login"], user["password"])


def signed_in(site: str) -> HubClient:
    person = operator_of(site)
    client = HubClient(person.base_url)
    client.sign_in(person.login, person.password)
    return client


def hand_up(client: HubClient, key: str) -> str:
    """Register an order at the county and hand it to the city; return its id."""
    matter = client.get("/api/matter/v1/matters", limit=1)["items"][0]["code"]
    made = client.post("/api/collaboration/v1/orders", {"matter": matter, **journey.complaint(COUNTY)}, key=key)
    order = client.act(client.order(made["id"]), "accept")
    client.act(order, "hand_up", note="备份与恢复")
    return str(made["id"])


def states(client: HubClient, orders: list[str]) -> dict[str, str]:
    return {order: client.order(order)["state"] for order in orders}


def wait_until(what: str, holds: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


def arrived(orders: list[str]) -> bool:
    """Whether the city holds every order."""
    with signed_in(CITY) as city:
        try:
            return len(states(city, orders)) == len(orders)
        except Exception:
            return False


def destroy(machine: Machine) -> None:
    """Lose the database as a dying disk does: the server is stopped and its files are gone."""
    site = machine.site(COUNTY, machine.python())
    data = site.database().data
    site.keep_only()
    for path in sorted(data.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def test_a_county_whose_database_is_destroyed_lives_on_with_everything_it_had_told_the_city(
    machine: Machine, tmp_path: Path
) -> None:
    with signed_in(COUNTY) as county:
        before = [hand_up(county, f"backup-before-{n}") for n in range(3)]
        made = yiwang("backup", COUNTY, "--to", str(tmp_path))
        after = [hand_up(county, f"backup-after-{n}") for n in range(4)]
    assert made["manifest"]["incarnation"] == 1
    assert not [item for item in made["manifest"]["members"] if "key" in item["path"]], "no identity key is in it"
    wait_until("the city did not receive the orders", lambda: arrived([*before, *after]))
    destroy(machine)

    refused = yiwang("restore", COUNTY, "--from", made["path"], "--confirm", "441700", expected=1)
    assert "nothing was touched" in refused["what"]
    done = yiwang("restore", COUNTY, "--from", made["path"], "--confirm", COUNTY)
    assert done["incarnation"] == 2
    assert done["recovered"] >= len(after), "the city gave back what the county had told it since the backup"
    assert set(done["links"].values()) == {"up"}

    with signed_in(COUNTY) as county:
        found = states(county, [*before, *after])
        later = hand_up(county, "backup-later")
    assert set(found) == {*before, *after}
    wait_until("the new life's orders do not arrive", lambda: arrived([later]))
    yiwang("consistency", "--prove")  # ends with 0 only where every site is the same


def test_a_revoked_site_is_cut_off_and_comes_back_with_new_keys(machine: Machine) -> None:
    revoked = yiwang("site", "revoke", COUNTY, "--reason", "a test", "--confirm", COUNTY)
    link = "SELECT state FROM kit.exchange_peer WHERE site = '441700'"
    county = machine.site(COUNTY).database()
    wait_until("a revoked site's link stays up", lambda: county.sql(link, "hub") != "up", 90.0)
    back = yiwang("site", "re-enrol", COUNTY)
    assert back["incarnation"] == revoked["incarnation"] + 1
    wait_until("the link does not come back", lambda: county.sql(link, "hub") == "up", 90.0)
    with signed_in(COUNTY) as client:
        order = hand_up(client, f"re-enrolled-{back['incarnation']}")
    wait_until("the order does not arrive", lambda: arrived([order]))
