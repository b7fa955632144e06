"""The site pack: what a hub is told follows from the definition and the tree, and the hub understands it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.trees import CITY, COUNTY, DIVISIONS, context, write_tree
from yiwang.definition import distribution
from yiwang.definition.tree import load_tree
from yiwang.emit.context import ControlContext
from yiwang.emit.processes import control_processes
from yiwang.emit.site_pack import site_pack
from yiwang.model.paths import StatePaths
from yiwang.model.site import SiteTree
from yiwang_kit.settings import parse_settings

D = distribution()


@pytest.fixture
def tree(tmp_path: Path) -> SiteTree:
    return load_tree(write_tree(tmp_path), D, DIVISIONS)


def pack(tree: SiteTree, site: str, **changes: Any) -> dict[str, Any]:
    files = site_pack(D, tree[site], context(tree, site, **changes))
    return {name: json.loads(text) for name, text in files.items()}


def paths_of(value: Any, prefix: str = "") -> set[str]:
    """Return the path of every leaf, in the form in which settings are declared."""
    if isinstance(value, dict):
        return {path for key, item in value.items() for path in paths_of(item, f"{prefix}.{key}".strip("."))}
    if isinstance(value, list):
        return {path for item in value for path in paths_of(item, f"{prefix}[]")}
    return {prefix}


@pytest.mark.parametrize("site", ["440000", "441700", "441721"])
def test_the_hub_accepts_its_settings(tree: SiteTree, site: str) -> None:
    settings = parse_settings(pack(tree, site)["settings.json"])
    assert settings.site.id == site


def test_every_emitted_setting_declares_its_scope_and_every_declared_one_is_emitted(tree: SiteTree) -> None:
    emitted = {path for site in tree for path in paths_of(pack(tree, site.id)["settings.json"])}
    assert emitted == {setting.name for setting in D.settings}


def test_a_hub_knows_its_neighbours_and_nobody_else(tree: SiteTree) -> None:
    peers = pack(tree, "441700")["settings.json"]["exchange"]["peers"]
    assert [(peer["site"], peer["relation"]) for peer in peers] == [("440000", "parent"), ("441721", "child")]


def test_a_hub_speaks_to_its_own_message_server_only(tree: SiteTree) -> None:
    settings = pack(tree, "441700")["settings.json"]
    own = f"nats://{settings['listen']['host']}:{D.port('nats')}"
    assert {peer["server"] for peer in settings["exchange"]["peers"]} == {own}


def test_the_message_server_of_a_leaf_waits_for_nobody(tree: SiteTree) -> None:
    nats = pack(tree, "441721")["nats.json"]
    assert nats["leaf"] is None
    assert nats["remote"] == {"parent": "441700", "host": "127.64.0.3", "port": D.port("nats-leaf")}


def test_the_root_looks_up_to_nobody(tree: SiteTree) -> None:
    nats = pack(tree, "440000")["nats.json"]
    assert nats["remote"] is None
    assert nats["leaf"]["port"] == D.port("nats-leaf")


def test_an_air_gapped_child_has_no_network_link_on_either_side(tmp_path: Path) -> None:
    tree = load_tree(write_tree(tmp_path, _441721=COUNTY + "link: stick\n"), D, DIVISIONS)
    assert pack(tree, "441721")["nats.json"]["edges"] == []
    assert {"parent": "441700", "child": "441721"} not in pack(tree, "441700")["nats.json"]["edges"]
    assert pack(tree, "441700")["nats.json"]["remote"] is not None, "its own link to the province stays"


def test_a_connected_site_is_a_child_but_no_peer_of_ours(tmp_path: Path) -> None:
    tree = load_tree(write_tree(tmp_path, _441721=COUNTY + "mode: connected\n"), D, DIVISIONS)
    settings = pack(tree, "441700")["settings.json"]
    assert settings["site"]["children"] == ["441721"]
    assert [peer["site"] for peer in settings["exchange"]["peers"]] == ["440000"]


def test_modules_of_a_site_narrow_its_services(tmp_path: Path) -> None:
    tree = load_tree(write_tree(tmp_path, _441700=CITY + "modules: [matter, management]\n"), D, DIVISIONS)
    assert pack(tree, "441700")["settings.json"]["services"] == ["management", "matter"]


def test_processes_start_in_an_order_in_which_each_finds_what_it_needs(tree: SiteTree) -> None:
    started: set[str] = set()
    for process in pack(tree, "441721")["processes.json"]["processes"]:
        assert set(process["after"]) <= started
        started.add(process["name"])
    assert started == {"postgres", "nats", "hub"}


def test_only_the_hub_changes_when_the_release_does(tree: SiteTree) -> None:
    before, after = (pack(tree, "441721", release=r)["processes.json"]["processes"] for r in ("2026.11.0", "2026.12.0"))
    assert [old["name"] for old, new in zip(before, after, strict=True) if old != new] == ["hub"]


def test_no_secret_stands_in_a_pack(tree: SiteTree) -> None:
    text = json.dumps(pack(tree, "441700"))
    assert not re.search(r"password(?!_file|_encryption)|seed|BEGIN ", text, flags=re.IGNORECASE)


def test_emitting_twice_gives_the_same_bytes(tree: SiteTree) -> None:
    twice = [site_pack(D, tree["441700"], context(tree, "441700")) for _ in range(2)]
    assert twice[0] == twice[1]


def test_control_has_a_database_of_its_own_and_starts_after_it() -> None:
    paths = StatePaths(root=Path("/state"), runtime=Path("/run/yw")).control()
    table = control_processes(D, ControlContext(paths, "127.64.0.1", "/venv/bin/python", "/state/control.json"))
    assert [(process["name"], process["after"]) for process in table["processes"]] == [
        ("postgres", []),
        ("control", ["postgres"]),
    ]
    assert "/state/control/pg" in table["processes"][0]["argv"]
