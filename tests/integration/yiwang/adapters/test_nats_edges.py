"""Real NATS servers of a parent and two children: an edge carries its two ends and nobody else."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.exchange_lab import QUIET
from yiwang.adapters.nats import NatsSite
from yiwang.adapters.nats_accounts import Nkey
from yiwang.model.paths import SitePaths
from yiwang_kit.exchange.carrier import LinkDown
from yiwang_kit.exchange.nats_carrier import NatsCarrier, decode_seed
from yiwang_kit.settings import Peer

BINARY = Path(sys.executable).with_name("nats-server")
PARENT, CHILD, SIBLING = "441700", "441721", "441781"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Family:
    """A parent with two children, each with its own server."""

    def __init__(self, home: Path) -> None:
        self.ports = {site: (free_port(), free_port(), free_port()) for site in (PARENT, CHILD, SIBLING)}
        self.sites = {
            site: NatsSite(site, SitePaths(root=home / site, runtime=home / site, engines=home / "engines"))
            for site in self.ports
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for child in (CHILD, SIBLING):
            public = self.sites[child].leaf_public(PARENT)
            self.sites[child].accept(PARENT, self.sites[PARENT].grant(child, public))

    def inputs(self, site: str) -> dict[str, Any]:
        client, leaf, monitor = self.ports[site]
        edges = [{"parent": PARENT, "child": c} for c in (CHILD, SIBLING) if site in (PARENT, c)]
        return {
            "server_name": site, "listen": {"host": "127.0.0.1", "port": client},
            "monitor": {"host": "127.0.0.1", "port": monitor}, "edges": edges, "max_payload": 1024 * 1024,
            "leaf": {"host": "127.0.0.1", "port": leaf} if site == PARENT else None,
            "remote": None if site == PARENT else {"parent": PARENT, "host": "127.0.0.1", "port": self.ports[PARENT][1]},
            "ping_seconds": 2, "ping_max": 2, "reconnect_seconds": 1,
        }  # fmt: skip

    def start(self, site: str) -> None:
        self.sites[site].write(self.inputs(site))
        log = self.sites[site].paths.root / "nats.log"
        with log.open("ab") as out:
            words = [str(BINARY), "-c", str(self.sites[site].config)]
            self.processes[site] = subprocess.Popen(words, stdout=out, stderr=out)

    def carrier(self, site: str, peer: str) -> NatsCarrier:
        where = f"nats://127.0.0.1:{self.ports[site][0]}"
        relation = "child" if site == PARENT else "parent"
        credentials = self.sites[site].paths.nats_credentials(peer)
        return NatsCarrier(site, [Peer(site=peer, relation=relation, server=where, credentials=credentials)], QUIET)

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    found = Family(tmp_path)
    for site in found.sites:
        found.start(site)
    yield found
    found.stop()


def ask(carrier: NatsCarrier, peer: str, seconds: float = 15.0) -> bytes:
    """Ask until the link is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return carrier.request(peer, b"hello", timeout=1.0)
        except LinkDown:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_an_nkey_seed_survives_its_text_form() -> None:
    key = Nkey.generate("user")
    assert key.seed().startswith("SU")
    assert key.public.startswith("U")
    assert Nkey.from_seed(key.seed()) == key
    assert decode_seed(key.seed()) == key.private


def test_parent_and_child_ask_each_other_and_a_sibling_hears_nothing(family: Family) -> None:
    heard: list[tuple[str, str]] = []

    def respond(at: str, carrier: NatsCarrier) -> None:
        carrier.open(lambda peer, request: (heard.append((at, peer)), at.encode() + b":" + request)[1])

    carriers = {
        "down": family.carrier(PARENT, CHILD), "up": family.carrier(CHILD, PARENT),
        "sibling": family.carrier(SIBLING, PARENT), "to-sibling": family.carrier(PARENT, SIBLING),
    }  # fmt: skip
    sites = {"down": PARENT, "up": CHILD, "sibling": SIBLING, "to-sibling": PARENT}
    try:
        for name, carrier in carriers.items():
            respond(sites[name], carrier)
        assert ask(carriers["up"], PARENT) == b"441700:hello"
        assert ask(carriers["down"], CHILD) == b"441721:hello"
        assert ask(carriers["to-sibling"], SIBLING) == b"441781:hello"
        assert (SIBLING, CHILD) not in heard
        with pytest.raises(LinkDown):
            carriers["sibling"].request(CHILD, b"psst", timeout=1.0)
    finally:
        for carrier in carriers.values():
            carrier.close()


def test_a_revoked_child_is_dropped_from_its_open_link(family: Family) -> None:
    up, down = family.carrier(CHILD, PARENT), family.carrier(PARENT, CHILD)
    try:
        for carrier in (up, down):
            carrier.open(lambda _peer, request: request)
        assert ask(down, CHILD) == b"hello"
        family.sites[PARENT].revoke(CHILD)
        assert family.sites[PARENT].write(family.inputs(PARENT))
        family.processes[PARENT].send_signal(1)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                down.request(CHILD, b"hello", timeout=0.5)
                time.sleep(0.1)
            except LinkDown:
                break
        else:
            raise AssertionError("the revoked child still answers")
    finally:
        up.close()
        down.close()


def test_composing_again_changes_nothing(family: Family) -> None:
    assert not family.sites[PARENT].write(family.inputs(PARENT))
