"""Control's own TLS certificate: below the site CA, for the address it listens on, renewed at two thirds of its life."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from yiwang.adapters.files import write_atomic
from yiwang.adapters.signing.identity import CLOCK_TOLERANCE, CertificateAuthority, private_pem
from yiwang.model.trust import STATEMENT_LIFETIME


def ensure_server_identity(path: Path, authority: CertificateAuthority, *, name: str, host: str, now: datetime) -> bool:
    """Make key and certificate of a server where there is no fresh one for this name; return whether it was made."""
    if path.is_file() and _serves(path.read_bytes(), authority, host, now):
        return False
    key, start = ec.generate_private_key(ec.SECP256R1()), now.replace(microsecond=0)
    window = (start - CLOCK_TOLERANCE, start + STATEMENT_LIFETIME)
    made = authority.certify(key.public_key(), window, x509.random_serial_number(), name, addresses=(host,))
    write_atomic(path, private_pem(key) + made.public_bytes(serialization.Encoding.PEM), mode=0o600)
    return True


def _serves(pem: bytes, authority: CertificateAuthority, host: str, now: datetime) -> bool:
    """Whether a certificate is of this CA, for this address, and has more than a third of its life before it."""
    try:
        held = x509.load_pem_x509_certificate(pem)
        held.verify_directly_issued_by(authority.certificate)
        names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    due = held.not_valid_before_utc + (held.not_valid_after_utc - held.not_valid_before_utc) * 2 / 3
    return ip_address(host) in names.get_values_for_type(x509.IPAddress) and now < due
