"""Real NATS servers of three tiers over TLS: an edge carries its two ends and nobody else."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.exchange_lab import QUIET
from yiwang.adapters.nats import NatsSite
from yiwang.adapters.nats_accounts import Nkey
from yiwang.adapters.signing import CertificateAuthority, private_pem
from yiwang.model.paths import SitePaths
from yiwang.model.trust import certificate_uri
from yiwang_kit.exchange.carrier import LinkDown
from yiwang_kit.exchange.nats_carrier import NatsCarrier, decode_seed
from yiwang_kit.settings import Peer

BINARY = Path(sys.executable).with_name("nats-server")
GRAND, PARENT, CHILD, SIBLING, COUSIN = "440000", "441700", "441721", "441781", "440103"
ABOVE = {PARENT: GRAND, CHILD: PARENT, SIBLING: PARENT}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Family:
    """A parent with two children and a parent of its own, each with its own server."""

    def __init__(self, home: Path) -> None:
        self.ports = {site: (free_port(), free_port(), free_port()) for site in (GRAND, *ABOVE)}
        self.sites = {
            site: NatsSite(site, SitePaths(root=home / site, runtime=home / site, engines=home / "engines"))
            for site in self.ports
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.authority = CertificateAuthority.open(home / "ca", now=datetime.now(UTC), demo=True)
        self.serial = 0
        for site in (*self.ports, COUSIN):
            self.certify(site, home / site / "identity")
        for child, parent in ABOVE.items():
            public = self.sites[child].leaf_public(parent)
            self.sites[child].accept(parent, self.sites[parent].grant(child, public))
            self.pin(child, parent)
            self.pin(parent, child)

    def certify(self, site: str, folder: Path) -> None:
        """Give a site a TLS key and a certificate, or renew the certificate for the key it has."""
        self.serial, now, held = self.serial + 1, datetime.now(UTC), folder / "transport.pem"
        key = (
            serialization.load_pem_private_key(held.read_bytes(), password=None)
            if held.is_file()
            else ec.generate_private_key(ec.SECP256R1())
        )
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        window = (now - timedelta(minutes=5), now + timedelta(days=90))
        uri = certificate_uri(site, 1)
        made = self.authority.certify(key.public_key(), window, self.serial, uri, addresses=("127.0.0.1",))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "transport.pem").write_bytes(private_pem(key) + made.public_bytes(serialization.Encoding.PEM))
        (folder / "ca.pem").write_text(self.authority.pem())

    def pin(self, shown: str, at: str) -> bool:
        """Let a site know a neighbour's certificate, as statement and offer do."""
        pem = self.sites[shown].certificate()
        sha256 = x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()
        return self.sites[at].pin(shown, pem, sha256)

    def take_up(self, site: str) -> str:
        """Write a site's configuration again and let its running server read it; return what that took."""
        change = self.sites[site].write(self.inputs(site))
        if change == "reload":
            self.processes[site].send_signal(signal.SIGHUP)
        if change == "restart":
            self.restart(site)
        return change

    def links(self) -> set[str]:
        """The children whose links are up at the parent, by the server names that they give."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[PARENT][2], timeout=5)
        try:
            connection.request("GET", "/leafz")
            answer = json.loads(connection.getresponse().read())
        except ConnectionError:  # it is starting
            return set()
        finally:
            connection.close()
        return {leaf["name"] for leaf in answer["leafs"] or []} - {GRAND}

    def log(self, site: str) -> str:
        return (self.sites[site].paths.root / "nats.log").read_text()

    def restart(self, site: str, edit: Callable[[str], str] = str) -> None:
        """Start a site's server again, with a configuration that its agent would never write where one is told."""
        self.processes[site].kill()
        self.processes[site].wait()
        config = self.sites[site].config
        config.write_text(edit(config.read_text()))
        with (self.sites[site].paths.root / "nats.log").open("wb") as out:
            self.processes[site] = subprocess.Popen([str(BINARY), "-c", str(config)], stdout=out, stderr=out)

    def inputs(self, site: str) -> dict[str, Any]:
        client, leaf, monitor = self.ports[site]
        edges = [{"parent": p, "child": c} for c, p in ABOVE.items() if site in (p, c)]
        parent = ABOVE.get(site)
        return {
            "server_name": site, "listen": {"host": "127.0.0.1", "port": client},
            "monitor": {"host": "127.0.0.1", "port": monitor}, "edges": edges, "max_payload": 1024 * 1024,
            "leaf": {"host": "127.0.0.1", "port": leaf} if site in (GRAND, PARENT) else None,
            "remote": {"parent": parent, "host": "127.0.0.1", "port": self.ports[parent][1]} if parent else None,
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
        relation = "parent" if ABOVE.get(site) == peer else "child"
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
        carriers["higher"] = family.carrier(PARENT, GRAND)
        carriers["grand"] = family.carrier(GRAND, PARENT)
        carriers["grand"].open(lambda _peer, request: b"440000:" + request)
        carriers["higher"].open(lambda _peer, request: request)
        assert ask(carriers["higher"], GRAND) == b"440000:hello"
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
        assert family.sites[PARENT].revoke(CHILD)
        assert not family.sites[PARENT].revoke(CHILD)
        assert family.take_up(PARENT) == "restart"
        until(lambda: family.links() == {SIBLING})
        until(lambda: "not pinned" in family.log(PARENT))
        assert family.links() == {SIBLING}, "it tries, in vain; the others are back"

        (family.sites[CHILD].transport).unlink()
        family.certify(CHILD, family.sites[CHILD].paths.identity)  # as a new incarnation, with a new key
        family.pin(CHILD, PARENT)
        public = family.sites[CHILD].leaf_public(PARENT)
        assert family.sites[CHILD].accept(PARENT, family.sites[PARENT].grant(CHILD, public)), (
            "a claim after the void one"
        )
        assert [family.take_up(site) for site in (PARENT, CHILD)] == ["restart", "reload"]
        assert ask(down, CHILD) == b"hello"
    finally:
        up.close()
        down.close()


def until(reached: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_credentials_without_the_right_certificate_make_no_link(family: Family, tmp_path: Path) -> None:
    until(lambda: family.links() == {CHILD, SIBLING})
    own = str(family.sites[CHILD].transport)

    family.restart(CHILD, lambda text: re.sub(r"(?:cert|key)_file: .*", "", text))
    until(lambda: "didn't provide a certificate" in family.log(PARENT))
    assert family.links() == {SIBLING}, "no certificate"

    cousins = str(tmp_path / COUSIN / "identity" / "transport.pem")
    whole = "cert_file: {0}\n    key_file: {0}\n    ca_file"
    family.restart(CHILD, lambda text: text.replace("ca_file", whole.format(json.dumps(cousins))))
    until(lambda: "not pinned" in family.log(PARENT))
    assert family.links() == {SIBLING}, "a certificate of the same CA, but of a site that is no child here"

    family.restart(CHILD, lambda text: text.replace(cousins, own))
    until(lambda: family.links() == {CHILD, SIBLING})


def test_a_renewal_drops_no_link_and_loses_nothing(family: Family) -> None:
    up, down = family.carrier(CHILD, PARENT), family.carrier(PARENT, CHILD)
    try:
        for carrier in (up, down):
            carrier.open(lambda _peer, request: request)
        assert ask(down, CHILD) == b"hello"
        for site in (CHILD, PARENT):
            family.certify(site, family.sites[site].paths.identity)
        family.pin(CHILD, PARENT)
        assert [family.take_up(site) for site in (PARENT, CHILD)] == ["reload", "reload"]
        for number in range(40):
            assert down.request(CHILD, str(number).encode(), timeout=1.0) == str(number).encode()
        assert family.links() == {CHILD, SIBLING}

        family.restart(PARENT)
        family.restart(CHILD)
        until(lambda: family.links() == {CHILD, SIBLING})
        assert ask(down, CHILD) == b"hello", "the link came back by the renewed certificates"
    finally:
        up.close()
        down.close()


def test_composing_again_changes_nothing(family: Family) -> None:
    assert not family.sites[PARENT].write(family.inputs(PARENT))
