"""Certificates at control: what a connection must show, and when an overdue renewal is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from yiwang.adapters.tls import PeerCertificate, peer_certificate
from yiwang.control.channel import check_certificate, place_of
from yiwang.control.matrix import with_certificate
from yiwang.model.proof import MatrixRow, MatrixState
from yiwang.model.trust import HybridPublic, Revocations, Statement
from yiwang_kit.errors import Forbidden

START = datetime(2026, 1, 1, tzinfo=UTC)
STATEMENT = Statement(
    site="441721", incarnation=1, serial=7, not_before=START, not_after=START + timedelta(days=90),
    tls_sha256="0" * 64, keys=HybridPublic(ed25519="00", sm2="00"),
)  # fmt: skip
ROW = MatrixRow(site="441721", name="阳西县", tier="county", state=MatrixState.SAME)
SHOWN = PeerCertificate(site="441721", incarnation=2, serial=7, not_after=1000.0, sha256="")


@pytest.mark.parametrize(
    ("site", "incarnation", "revoked", "now", "why"),
    [
        ("441722", 2, (), 0, "it is the certificate of 441721"),
        ("441721", 3, (), 0, "is fenced"),
        ("441721", 2, (7,), 0, "serial 7 is revoked"),
        ("441721", 2, (), 1000, "it has expired"),
    ],
)
def test_what_is_refused_is_named(site: str, incarnation: int, revoked: tuple[int, ...], now: int, why: str) -> None:
    with pytest.raises(Forbidden, match=why):
        check_certificate(SHOWN, site, incarnation, Revocations(serials=revoked), float(now))


def test_a_sites_own_certificate_is_taken() -> None:
    check_certificate(SHOWN, "441721", 2, Revocations(serials=(6,)), 999.0)


@pytest.mark.parametrize(
    "names", [(), (("DNS", "441721"),), (("URI", "yiwang:control:demo"),),
              (("URI", "yiwang:site:441721:1"), ("URI", "yiwang:site:441700:1"))],
)  # fmt: skip
def test_a_certificate_that_names_no_one_site_is_nobodys(names: tuple[tuple[str, str], ...]) -> None:
    facts = {"subjectAltName": names, "serialNumber": "07", "notAfter": "Jan  1 00:00:00 2027 GMT"}
    assert peer_certificate(facts, b"") is None


def test_a_certificate_names_site_incarnation_and_serial() -> None:
    facts = {
        "subjectAltName": (("URI", "yiwang:site:440000-twin:3"),),
        "serialNumber": "1F",
        "notAfter": "Jan  1 00:00:00 2027 GMT",
    }
    found = peer_certificate(facts, b"")
    assert found is not None
    assert (found.site, found.incarnation, found.serial) == ("440000-twin", 3, 31)


def test_the_place_of_a_connection_is_read_as_the_server_gives_it() -> None:
    assert place_of({"client": ("127.0.0.1", "47748")}) == ("127.0.0.1", 47748)
    assert place_of({}) == ("", 0)


@pytest.mark.parametrize(("days", "warned"), [(0, False), (59, False), (61, True), (95, True)])
def test_an_overdue_renewal_is_said_below_a_third(days: int, warned: bool) -> None:
    row = with_certificate(ROW, STATEMENT, START + timedelta(days=days))
    assert row.certificate_until == STATEMENT.not_after
    assert bool(row.details) is warned
    assert row.state is MatrixState.SAME
