"""Enrolment and statements: who a site is, and everyone it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from yiwang.adapters import signing
from yiwang.errors import Refused
from yiwang.model.proof import ProofReport
from yiwang.model.trust import Enrolment, EnrolmentRequest, HybridPublic, Revocations, SigningContext
from yiwang_kit.crypto import HybridPrivateKey

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Office:
    """The identity role with its CA, and one site with its keys."""

    identity: signing.HybridSigner
    authority: signing.CertificateAuthority
    site_key: HybridPrivateKey
    tls_key: ec.EllipticCurvePrivateKey

    def public(self) -> HybridPublic:
        return signing.public_halves(self.identity.private.public_key())

    def request(self, site: str = "441721", incarnation: int = 1, token: str | None = None) -> EnrolmentRequest:
        return signing.make_request(self.site_key, self.tls_key, site=site, incarnation=incarnation, token=token)

    def enrol(self, *, demo: bool = True, serial: int = 7) -> Enrolment:
        return signing.issue(self.request(), self.identity, self.authority, serial=serial, now=NOW, demo=demo)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    authority = signing.CertificateAuthority.open(tmp_path_factory.mktemp("ca"), now=NOW, demo=True)
    return Office(
        signing.HybridSigner.generate(), authority, HybridPrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    )


def test_a_site_gets_statement_and_certificate_with_one_serial_and_lifetime(office: Office) -> None:
    enrolment = office.enrol()
    certificate = x509.load_pem_x509_certificate(enrolment.certificate_pem.encode())
    statement = signing.verify_statement(enrolment.statement, office.public(), at=NOW, site="441721")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["yiwang:site:441721:1"]
    assert certificate.serial_number == statement.serial == 7
    assert certificate.not_valid_after_utc == statement.not_after
    assert certificate.fingerprint(hashes.SHA256()).hex() == statement.tls_sha256
    certificate.verify_directly_issued_by(office.authority.certificate)


def test_a_statement_is_renewed_at_two_thirds_of_its_life(office: Office) -> None:
    statement = office.enrol().statement.statement
    assert timedelta(days=59) < statement.renew_at() - NOW < timedelta(days=61)


def test_the_ca_opens_again_with_the_same_key(tmp_path: Path) -> None:
    first = signing.CertificateAuthority.open(tmp_path, now=NOW, demo=True)
    assert signing.CertificateAuthority.open(tmp_path, now=NOW, demo=True).pem() == first.pem()
    assert (tmp_path / "ca.key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("at", [NOW - timedelta(hours=1), NOW + timedelta(days=91)])
def test_a_statement_counts_only_within_its_time(office: Office, at: datetime) -> None:
    with pytest.raises(Refused, match="valid from"):
        signing.verify_statement(office.enrol().statement, office.public(), at=at)


def test_a_statement_about_another_site_is_refused(office: Office) -> None:
    with pytest.raises(Refused, match="is about 441721, not 441700"):
        signing.verify_statement(office.enrol().statement, office.public(), at=NOW, site="441700")


def test_production_refuses_a_demonstration_statement(office: Office) -> None:
    with pytest.raises(Refused, match="for demonstration"):
        signing.verify_statement(office.enrol().statement, office.public(), at=NOW, profile="production")
    signing.verify_statement(office.enrol(demo=False).statement, office.public(), at=NOW, profile="production")


@pytest.mark.parametrize(
    ("revocations", "why"),
    [(Revocations(serials=(7,)), "serial 7 is revoked"), (Revocations(fenced={"441721": 1}), "is fenced")],
)
def test_a_revoked_serial_and_a_fenced_incarnation_are_refused(
    office: Office, revocations: Revocations, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        signing.verify_statement(office.enrol().statement, office.public(), at=NOW, revocations=revocations)


def test_an_edited_statement_is_refused(office: Office) -> None:
    signed = office.enrol().statement
    edited = signed.model_copy(update={"statement": signed.statement.model_copy(update={"site": "441700"})})
    with pytest.raises(Refused, match="not valid"):
        signing.verify_statement(edited, office.public(), at=NOW)


def test_a_statement_by_a_stranger_is_refused(office: Office) -> None:
    stranger = signing.public_halves(HybridPrivateKey.generate().public_key())
    with pytest.raises(Refused, match="not valid"):
        signing.verify_statement(office.enrol().statement, stranger, at=NOW)


def test_a_signature_made_for_one_purpose_is_void_for_another(office: Office) -> None:
    message = b"the same bytes"
    signature = signing.sign(office.site_key, message, SigningContext.COMMAND)
    halves = signing.public_halves(office.site_key.public_key())
    signing.check(halves, message, signature, SigningContext.COMMAND, "command")
    with pytest.raises(Refused, match="not valid"):
        signing.check(halves, message, signature, SigningContext.PROOF, "report")


def test_a_token_works_for_its_site_until_it_expires(office: Office) -> None:
    token, record = signing.new_token("441721", 1, NOW)
    assert token not in record.model_dump_json()
    signing.check_token(office.request(token=token), record, NOW)
    with pytest.raises(Refused, match="expired"):
        signing.check_token(office.request(token=token), record, NOW + timedelta(hours=24))
    with pytest.raises(Refused, match="made for 441721:1"):
        signing.check_token(office.request(site="441700", token=token), record, NOW)
    with pytest.raises(Refused, match="unknown or was used"):
        signing.check_token(office.request(token=token), None, NOW)
    with pytest.raises(Refused, match="unknown or was used"):
        signing.check_token(office.request(token=token[:-1]), record, NOW)


def test_a_renewal_keeps_site_and_keys_and_needs_no_token(office: Office) -> None:
    current = office.enrol().statement.statement
    request = signing.make_request(office.site_key, office.tls_key, site="441721", incarnation=1, serial=7)
    signing.check_request(request)
    signing.check_renewal(request, current, NOW)
    with pytest.raises(Refused, match="renews serial 6"):
        signing.check_renewal(request.model_copy(update={"serial": 6}), current, NOW)
    with pytest.raises(Refused, match="keeps the keys"):
        signing.check_renewal(request.model_copy(update=_other_keys(request)), current, NOW)
    with pytest.raises(Refused, match="has expired"):
        signing.check_renewal(request, current, NOW + timedelta(days=91))


def _other_keys(request: EnrolmentRequest) -> dict[str, object]:
    return {"keys": signing.public_halves(HybridPrivateKey.generate().public_key())}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda request: {"signature": None}, "carries no signature"),
        (lambda request: {"site": "441700"}, "not valid"),
        (_other_keys, "not valid"),
        (lambda request: {"csr_pem": request.csr_pem.replace("A", "B", 1)}, "not valid"),
    ],
)
def test_a_request_by_someone_without_the_keys_is_refused(
    office: Office, change: Callable[[EnrolmentRequest], dict[str, object]], why: str
) -> None:
    request = office.request()
    with pytest.raises(Refused, match=why):
        signing.check_request(request.model_copy(update=change(request)))


def test_the_certificate_s_name_comes_from_the_office_not_from_the_request(office: Office) -> None:
    """A request whose certificate part names another site still gets a certificate for its own."""
    liar = signing.make_request(office.site_key, office.tls_key, site="440000", incarnation=9)
    request = office.request().model_copy(update={"csr_pem": liar.csr_pem, "signature": None})
    signature = signing.sign(office.site_key, request.signed_bytes(), SigningContext.ENROLMENT)
    request = request.model_copy(update={"signature": signature})
    enrolment = signing.issue(request, office.identity, office.authority, serial=8, now=NOW, demo=True)
    assert "yiwang:site:441721:1" in _uris(enrolment.certificate_pem)


def _uris(pem: str) -> list[str]:
    extension = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return extension.value.get_values_for_type(x509.UniformResourceIdentifier)


def _report(site: str = "441721", incarnation: int = 1) -> ProofReport:
    return ProofReport(
        site=site, incarnation=incarnation, generation=1, issued_at=NOW, expires_at=NOW + timedelta(minutes=10),
        release=None, manifest_sha256=None, pack_sha256=None, pack_on_disk_sha256=None, tree_digest=None,
    )  # fmt: skip


def test_a_report_counts_only_with_the_signature_of_the_site_it_is_about(office: Office) -> None:
    statement = office.enrol().statement.statement
    signed = signing.sign_report(office.site_key, _report())
    assert signing.verify_report(signed, statement) == signed.report
    edited = signed.model_copy(update={"report": signed.report.model_copy(update={"release": "2026.11.0"})})
    with pytest.raises(Refused, match="not valid"):
        signing.verify_report(edited, statement)


@pytest.mark.parametrize("report", [_report("441700"), _report(incarnation=2)])
def test_a_report_under_another_site_s_or_incarnation_s_certificate_is_refused(
    office: Office, report: ProofReport
) -> None:
    statement = office.enrol().statement.statement
    with pytest.raises(Refused, match="the certificate of 441721:1"):
        signing.verify_report(signing.sign_report(office.site_key, report), statement)
