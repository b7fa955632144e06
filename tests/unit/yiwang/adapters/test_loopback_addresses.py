"""Workspaces of one machine never get the same address, keep what they have, and say so when somebody took it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from yiwang.adapters import addresses
from yiwang.errors import NotReady, Refused

NETWORK = IPv4Network("127.64.0.0/10")


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "registry"
    monkeypatch.setenv(addresses.VARIABLE, str(folder))
    return folder


def allocate(state: Path, *names: str, network: IPv4Network = NETWORK) -> dict[str, str]:
    return addresses.allocate(state / "addresses.json", names, network=network, first=2)


def test_two_workspaces_never_meet_even_at_the_same_moment(tmp_path: Path) -> None:
    states = [tmp_path / f"state {number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda state: allocate(state, "control", "440000", "441700"), states))
    everything = [address for one in given for address in one.values()]
    assert len(set(everything)) == len(everything) == 24


def test_what_was_given_stays_and_only_what_is_new_is_allocated(tmp_path: Path) -> None:
    first = allocate(tmp_path / "state", "control", "440000")
    second = allocate(tmp_path / "state", "control", "440000", "441700")
    assert second.items() > first.items()


def test_an_address_is_free_again_when_its_state_folder_is_gone(tmp_path: Path) -> None:
    gone = allocate(tmp_path / "gone", "control")
    (tmp_path / "gone" / "addresses.json").unlink()
    assert allocate(tmp_path / "state", "control") == gone


def test_an_emptied_registry_is_filled_again_by_whoever_comes_first(tmp_path: Path, registry: Path) -> None:
    mine = allocate(tmp_path / "mine", "control")
    for claim in registry.iterdir():
        claim.unlink()
    assert allocate(tmp_path / "mine", "control") == mine
    assert allocate(tmp_path / "other", "control") != mine


def test_an_address_that_another_took_meanwhile_is_refused_naming_who(tmp_path: Path, registry: Path) -> None:
    mine = allocate(tmp_path / "mine", "control")
    for claim in registry.iterdir():
        claim.unlink()
    assert allocate(tmp_path / "other", "control") == mine
    with pytest.raises(Refused, match="other"):
        allocate(tmp_path / "mine", "control")


def test_a_claim_of_a_run_that_was_cut_off_is_used_by_the_next(tmp_path: Path, registry: Path) -> None:
    registry.mkdir()
    owner = str(tmp_path / "state" / "addresses.json")
    (registry / "127.64.0.2").write_text(json.dumps({"file": owner, "name": "control"}), encoding="utf-8")
    assert allocate(tmp_path / "state", "control") == {"control": "127.64.0.2"}


def test_first_and_last_of_a_block_are_never_given_and_an_exhausted_network_says_so(tmp_path: Path) -> None:
    small = IPv4Network("127.64.0.0/30")
    assert allocate(tmp_path / "state", "a", network=small) == {"a": "127.64.0.2"}
    with pytest.raises(NotReady, match="no free address"):
        allocate(tmp_path / "state", "b", network=small)


def test_a_damaged_list_names_the_file_and_the_next_command(tmp_path: Path) -> None:
    file = tmp_path / "state" / "addresses.json"
    file.parent.mkdir()
    file.write_text("[", encoding="utf-8")
    with pytest.raises(NotReady, match="damaged") as refused:
        addresses.known(file)
    assert str(file) in refused.value.next
