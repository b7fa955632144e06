"""What a newcomer is promised of the first three sites, tried on real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from yiwang.adapters.hub_http import HubClient
from yiwang.bringup.machine import Machine
from yiwang.errors import Refused
from yiwang.operate import journey
from yiwang.operate.journey import Person

PROVINCE, CITY, COUNTY = "440000", "441700", "441721"
People = dict[str, dict[str, Person]]
YIWANG = str(Path(sys.executable).with_name("yiwang"))


def yiwang(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([YIWANG, *words], capture_output=True, text=True, check=False)


def pid_of(machine: Machine, site: str, name: str) -> int | None:
    processes = machine.site(site).supervisor.ask("status")["processes"]
    return next(p["pid"] for p in processes if p["name"] == name)


def wait_for(what: str, seconds: float, holds: object) -> None:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def test_a_complaint_travels_through_two_tiers_and_three_sites_tell_one_story(people: People) -> None:
    told: list[str] = []
    travelled = journey.run(
        county=people[COUNTY]["operator"], city=people[CITY]["operator"],
        watchers={site: people[site]["leader"] for site in (PROVINCE, CITY, COUNTY)},
        complaint=journey.complaint(COUNTY), say=told.append,
    )  # fmt: skip
    assert travelled.sites == (PROVINCE, CITY, COUNTY)
    assert travelled.steps >= 10


def test_a_second_up_changes_nothing_and_says_so() -> None:
    done = yiwang("up", "--workspace", os.environ["YIWANG_WORKSPACE"])
    assert done.returncode == 0, done.stderr
    assert "没有变化 / nothing changed" in done.stderr


def test_consistency_is_all_same_and_exits_0() -> None:
    done = yiwang("consistency", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["hub", "nats", "postgres", "agent"])
def test_a_killed_process_is_back_within_five_seconds(machine: Machine, name: str) -> None:
    before = pid_of(machine, COUNTY, name)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_for(f"{name} of the county", 5.0, lambda: pid_of(machine, COUNTY, name) not in (before, None))
    url = machine.hub_url(COUNTY)

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/readyz", timeout=1.0, trust_env=False).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    wait_for("the county's hub ready again", 30.0, ready)


def test_one_changed_byte_names_that_site_and_that_file_and_the_others_stay_green(machine: Machine) -> None:
    site = machine.workspace.site(COUNTY)
    release = str(machine.site(COUNTY).facts().current)
    victim = next(site.venv(release).glob("lib/*/site-packages/yiwang_services/collaboration/domain.py"))
    original, mode = victim.read_bytes(), victim.stat().st_mode
    victim.chmod(0o644)
    victim.write_bytes(original + b"#")
    try:
        done = yiwang("consistency", "--prove")
        assert done.returncode == 1
        assert "collaboration/domain.py" in done.stdout + done.stderr
        rows = yiwang("consistency", "--json").stdout
        assert rows.count('"same"') >= 2, rows
    finally:
        victim.write_bytes(original)
        victim.chmod(mode)
    assert yiwang("consistency", "--prove").returncode == 0


def test_the_same_key_twice_registers_one_order(people: People) -> None:
    person = people[COUNTY]["operator"]
    with HubClient(person.base_url) as client:
        client.sign_in(person.login, person.password)
        matter = client.get("/api/matter/v1/matters", limit=1)["items"][0]["code"]
        body = {"matter": matter, **journey.complaint(COUNTY), "title": "=1+1'; DROP TABLE orders; -- 𠮷㐂"}
        first, second = (client.post("/api/collaboration/v1/orders", body, key="journey-same-key") for _ in range(2))
        assert first["id"] == second["id"]
        assert client.order(first["id"])["title"] == body["title"]


def test_a_wrong_password_and_an_unknown_page_size_are_refused_with_words(people: People) -> None:
    person = people[COUNTY]["operator"]
    with HubClient(person.base_url) as client, pytest.raises(Refused, match="could not sign in"):
        client.sign_in("nobody-here", "wrong")
    with HubClient(person.base_url) as client:
        client.sign_in(person.login, person.password)
        with pytest.raises(Refused, match="422"):
            client.get("/api/collaboration/v1/orders", limit=10**9)


def test_removal_without_the_typed_code_touches_nothing() -> None:
    done = yiwang("site", "remove", COUNTY, "--confirm", "440000")
    assert done.returncode == 1
    assert "nothing was touched" in done.stderr
