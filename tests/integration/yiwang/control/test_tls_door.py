"""Control's TLS door: the certificate of a connection and the signature of a request must name the same site."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.control_lab import ControlLab, LabSite, LabTrust
from yiwang.adapters import signing
from yiwang.adapters.control_http import AgentClient
from yiwang.adapters.signing import CertificateAuthority
from yiwang.adapters.tls import TlsFiles
from yiwang.agent.identity import Identity, enrol
from yiwang.errors import Refused, Unreachable
from yiwang.model.command import Poll
from yiwang.model.trust import Revocations

COUNTY, CITY = "441721", "441700"


@pytest.fixture
def lab(tmp_path: Path, empty_database_url: str) -> Iterator[ControlLab]:
    with ControlLab(tmp_path, empty_database_url, secure=tmp_path / "ca").running() as running:
        yield running


def refusal(site: LabSite, shown: Path | None) -> str:
    """What control says to a site that signs rightly but shows this certificate."""
    assert site.tls is not None
    with AgentClient(site.url, site.site, tls=TlsFiles(site.tls.authority, shown)) as client:
        client.sign_as(site.key, site.incarnation)
        with pytest.raises(Refused) as refused:
            client.poll(Poll(epoch=0, generation=0))
    return str(refused.value.rule)


def test_only_a_sites_own_present_certificate_opens_the_door(lab: ControlLab) -> None:
    sites = lab.enrolled(COUNTY, CITY)
    county, city = sites[COUNTY], sites[CITY]
    assert county.transport is not None
    assert city.transport is not None
    assert county.poll() is None, "its own certificate is taken"
    assert f"证书属于 {CITY}" in refusal(county, city.transport)
    assert "no certificate was shown" in refusal(county, None)

    old = lab.folder / "old.pem"
    shutil.copyfile(county.transport, old)
    county.client.http.close()
    with lab.operator() as operator:
        county.enrol(operator.token(COUNTY))
    assert county.poll() is None, "the new incarnation's certificate is taken"
    assert "fenced" in refusal(county, old)

    assert isinstance(lab.trust, LabTrust)
    serial = x509.load_pem_x509_certificate(county.transport.read_bytes()).serial_number
    lab.trust.revoked = Revocations(serials=(serial,))
    with pytest.raises(Refused, match=f"serial {serial} is revoked"):
        county.poll()  # on the connection that is open already
    assert city.poll() is None


def test_strangers_and_impostors_do_not_get_past_the_handshake(lab: ControlLab) -> None:
    county = lab.enrolled(COUNTY)[COUNTY]
    assert county.tls is not None
    elsewhere = CertificateAuthority.open(lab.folder / "elsewhere", now=datetime.now(UTC), demo=True)
    forged = lab.folder / "forged.pem"
    signing.ensure_server_identity(
        forged, elsewhere, name=f"yiwang:site:{COUNTY}:1", host="127.0.0.1", now=datetime.now(UTC)
    )
    believing_another_ca = TlsFiles(lab.folder / "elsewhere" / "ca.pem", county.transport)
    for tls in (TlsFiles(county.tls.authority, forged), believing_another_ca):
        with AgentClient(lab.url, COUNTY, tls=tls) as client:
            client.sign_as(county.key, county.incarnation)
            with pytest.raises(Unreachable):
                client.poll(Poll(epoch=0, generation=0))


def test_the_inner_port_tells_its_health_and_nothing_else(lab: ControlLab) -> None:
    answers = {}
    for path in ("/readyz", "/v1/status", "/repository/metadata/timestamp.json"):
        connection = http.client.HTTPConnection("127.0.0.1", lab.inner_port, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        answers[path] = (answer.status, json.loads(answer.read()))
        connection.close()
    assert answers["/readyz"][0] == 200
    assert answers["/v1/status"][0] == answers["/repository/metadata/timestamp.json"][0] == 403
    assert "yiwang status" in answers["/v1/status"][1]["next"]


def test_controls_certificate_is_renewed_at_two_thirds_and_for_another_address(tmp_path: Path) -> None:
    path, start = tmp_path / "tls.pem", datetime(2026, 1, 1, tzinfo=UTC)
    authority = CertificateAuthority.open(tmp_path / "ca", now=start, demo=True)

    def made(host: str, day: int) -> bool:
        now = start + timedelta(days=day)
        return signing.ensure_server_identity(path, authority, name="yiwang:control:t", host=host, now=now)

    assert made("127.64.0.2", 0)
    assert not made("127.64.0.2", 59)
    assert made("127.64.0.2", 61)
    assert made("127.64.0.3", 61)
    assert path.stat().st_mode & 0o777 == 0o600
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"


def test_a_renewal_keeps_the_key_and_a_revoked_certificate_is_not_renewed(lab: ControlLab) -> None:
    identity = Identity(lab.folder / "identity", COUNTY)
    assert lab.tls is not None
    with AgentClient(lab.url, COUNTY, tls=lab.tls) as client, lab.operator() as operator:
        token = operator.token(COUNTY)
        enrol(identity, client, token=token["token"], incarnation=token["incarnation"])
        first = x509.load_pem_x509_certificate(identity.transport_file.read_bytes())
        client.sign_as(identity.key(), identity.incarnation())
        renewed = enrol(identity, client, token=None, incarnation=identity.incarnation()).statement
        second = x509.load_pem_x509_certificate(identity.transport_file.read_bytes())
        assert second.serial_number == renewed.serial != first.serial_number
        assert second.public_key() == first.public_key()
        assert identity.transport_file.stat().st_mode & 0o777 == 0o600

        assert isinstance(lab.trust, LabTrust)
        lab.trust.revoked = Revocations(serials=(renewed.serial,))
        with pytest.raises(Refused, match="is revoked"):
            enrol(identity, client, token=None, incarnation=identity.incarnation())
