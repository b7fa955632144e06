"""Enrolment: a one-time token buys a site two objects with one serial and lifetime.

The site makes its keys itself and never shows them. It sends their public halves, a certificate request and a
signature over both; control checks the token by its digest, and the identity role answers with a hybrid-signed
statement and an X.509 ECDSA certificate whose URI names site and incarnation. A renewal shows the old key's signature
in place of a token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from yiwang.adapters.signing.documents import check, public_halves, sign, sign_statement
from yiwang.adapters.signing.keys import HybridSigner
from yiwang.errors import Refused
from yiwang.model.trust import (
    STATEMENT_LIFETIME,
    TOKEN_LIFETIME,
    Enrolment,
    EnrolmentRequest,
    SigningContext,
    Statement,
    TokenRecord,
    certificate_uri,
)
from yiwang_kit.crypto import HybridPrivateKey

CA_LIFETIME = timedelta(days=10 * 365)
CLOCK_TOLERANCE = timedelta(minutes=5)
NEW_TOKEN = "yiwang up"  # noqa: S105 - the next command, not a secret


def new_token(site: str, incarnation: int, now: datetime) -> tuple[str, TokenRecord]:
    """Return a one-time token for a site, and what control keeps of it."""
    token = secrets.token_urlsafe(32)
    record = TokenRecord(
        site=site,
        incarnation=incarnation,
        digest=hashlib.sha256(token.encode()).hexdigest(),
        expires_at=now + TOKEN_LIFETIME,
    )
    return token, record


def make_request(
    site_key: HybridPrivateKey,
    tls_key: ec.EllipticCurvePrivateKey,
    *,
    site: str,
    incarnation: int,
    token: str | None = None,
    serial: int | None = None,
) -> EnrolmentRequest:
    """Return a site's request: keys and certificate request, signed by the site's own new key."""
    uri = x509.UniformResourceIdentifier(certificate_uri(site, incarnation))
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, site)]))
        .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
        .sign(tls_key, hashes.SHA256())
    )
    request = EnrolmentRequest(
        site=site, incarnation=incarnation, token=token, serial=serial,
        keys=public_halves(site_key.public_key()),
        csr_pem=csr.public_bytes(serialization.Encoding.PEM).decode(),
    )  # fmt: skip
    signature = sign(site_key, request.signed_bytes(), SigningContext.ENROLMENT)
    return request.model_copy(update={"signature": signature})


def _refuse(request: EnrolmentRequest, why: str) -> Refused:
    """Return the refusal of an enrolment."""
    return Refused(rule=f"入网 {request.site} / enrolment: {why}", who="运维人员 / an operator", next=NEW_TOKEN)


def check_request(request: EnrolmentRequest) -> x509.CertificateSigningRequest:
    """Refuse a request whose sender does not hold the keys it names; return its certificate request."""
    if request.signature is None:
        raise _refuse(request, "缺少签名 / carries no signature by the key it names")
    check(
        request.keys, request.signed_bytes(), request.signature, SigningContext.ENROLMENT, f"enrolment {request.site}"
    )
    try:
        csr = x509.load_pem_x509_csr(request.csr_pem.encode())
        valid = csr.is_signature_valid and isinstance(csr.public_key(), ec.EllipticCurvePublicKey)
    except (ValueError, InvalidSignature) as error:
        raise _refuse(request, f"证书请求无效 / the certificate request is not valid ({error})") from error
    if not valid:
        raise _refuse(request, "证书请求无效 / the certificate request is not an ECDSA request signed by its own key")
    return csr


def check_token(request: EnrolmentRequest, record: TokenRecord | None, now: datetime) -> None:
    """Refuse a token that is unknown, used, expired, or another site's."""
    offered = hashlib.sha256((request.token or "").encode()).hexdigest()
    if record is None or not hmac.compare_digest(offered, record.digest):
        raise _refuse(request, "令牌无效或已使用 / the token is unknown or was used")
    if (record.site, record.incarnation) != (request.site, request.incarnation):
        raise _refuse(request, f"令牌属于另一站点 / the token was made for {record.site}:{record.incarnation}")
    if now >= record.expires_at:
        raise _refuse(request, f"令牌已过期 / the token expired at {record.expires_at}")


def check_renewal(request: EnrolmentRequest, current: Statement, now: datetime) -> None:
    """Refuse a renewal that is not by the site whose valid statement it names: there the old key stands for a token."""
    if (request.site, request.incarnation, request.serial) != (current.site, current.incarnation, current.serial):
        raise _refuse(request, f"续期对象不符 / renews serial {request.serial}, the current one is {current.serial}")
    if request.keys != current.keys:
        raise _refuse(request, "续期须用原密钥 / a renewal keeps the keys; new keys need a new token")
    if now >= current.not_after:
        raise _refuse(request, f"声明已于 {current.not_after} 过期 / the statement has expired; ask for a new token")


@dataclass(frozen=True)
class CertificateAuthority:
    """The site CA: TLS certificates below the trust root's identity role. 站点证书机构。"""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def open(cls, folder: Path, *, now: datetime, demo: bool) -> CertificateAuthority:
        """Return the CA kept in a folder, making it first if there is none."""
        key_file, certificate_file = folder / "ca.key.pem", folder / "ca.pem"
        if not certificate_file.is_file():
            _make_ca(key_file, certificate_file, now, demo=demo)
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{key_file} holds no ECDSA key")
        return cls(x509.load_pem_x509_certificate(certificate_file.read_bytes()), key)

    def pem(self) -> str:
        """Return the CA's certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def certify(
        self,
        key: ec.EllipticCurvePublicKey,
        window: tuple[datetime, datetime],
        serial: int,
        uri: str,
        addresses: Sequence[str] = (),
    ) -> x509.Certificate:
        """Sign a certificate; its names come from us, never from a request."""
        names = [x509.UniformResourceIdentifier(uri), *(x509.IPAddress(ip_address(item)) for item in addresses)]
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, uri)]))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(window[0])
            .not_valid_after(window[1])
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _make_ca(key_file: Path, certificate_file: Path, now: datetime, *, demo: bool) -> None:
    """Make the CA's key and self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    title = "Yiwang site CA (demo)" if demo else "Yiwang site CA"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE).not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    write_private(key_file, private_pem(key))
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a TLS key as PEM, without a passphrase: the file's owner is its guard."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, data: bytes) -> None:
    """Write a file for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:  # noqa: PTH123
        stream.write(data)


def issue(
    request: EnrolmentRequest,
    identity: HybridSigner,
    authority: CertificateAuthority,
    *,
    serial: int,
    now: datetime,
    demo: bool,
    lifetime: timedelta = STATEMENT_LIFETIME,
    addresses: Sequence[str] = (),
) -> Enrolment:
    """Answer a checked request with statement and certificate: one serial, one lifetime.

    The addresses are where the site waits for its children's links; whoever dials one checks it against the certificate.
    """
    key = check_request(request).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("TLS keys are ECDSA")
    window = (now.replace(microsecond=0) - CLOCK_TOLERANCE, now.replace(microsecond=0) + lifetime)
    certificate = authority.certify(key, window, serial, certificate_uri(request.site, request.incarnation), addresses)
    statement = Statement(
        site=request.site, incarnation=request.incarnation, serial=serial,
        not_before=window[0], not_after=window[1],
        tls_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        keys=request.keys, demo=demo,
    )  # fmt: skip
    return Enrolment(
        statement=sign_statement(identity, statement),
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        ca_pem=authority.pem(),
    )
