"""Which certificates are believed on links: those that the neighbours' signed statements name, by their public keys.

The message server checks a certificate's issuer and, by this list, whose it is. A renewal keeps the site's TLS key, so
that the list stays as it is and no link is dropped; a new incarnation brings a new key and replaces all before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from yiwang.adapters.files import write_atomic
from yiwang.adapters.tls import SITE_URI
from yiwang.errors import NotReady, Refused

CERTIFICATE = re.compile(r"(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?")


class Pin(TypedDict):
    """One certificate that is let in. 固定证书。"""

    incarnation: int
    not_after: float


def own_certificate(transport: Path) -> str:
    """Return the certificate in a file of key and certificate. Raises NotReady where there is none."""
    found = CERTIFICATE.search(transport.read_text(encoding="ascii")) if transport.is_file() else None
    if found is None:
        raise NotReady(what=f"没有 TLS 证书 / no TLS certificate at {transport}", next="yiwang up")
    return found[0]


@dataclass(frozen=True)
class Pins:
    """The certificates of one neighbour that are believed on its link. 邻站证书清单。"""

    path: Path

    def keys(self, *, now: float) -> list[str]:
        """Return the digests of the public keys that are let in now."""
        return sorted(key for key, pin in self._read().items() if pin["not_after"] > now)

    def add(self, pem: str, sha256: str, *, now: float) -> bool:
        """Let a certificate in that is the one a statement names; return whether that is news."""
        certificate = x509.load_pem_x509_certificate(pem.encode("ascii"))
        if certificate.fingerprint(hashes.SHA256()).hex() != sha256:
            raise Refused(
                rule="证书与站点声明不符 / the certificate is not the one that the site's statement names",
                who="下级站点 / the child site", next="yiwang up",
            )  # fmt: skip
        incarnation = _incarnation(certificate)
        kept = {
            k: pin for k, pin in self._read().items() if pin["incarnation"] == incarnation and pin["not_after"] > now
        }
        kept[_public_key(certificate)] = {
            "incarnation": incarnation, "not_after": certificate.not_valid_after_utc.timestamp(),
        }  # fmt: skip
        return write_atomic(self.path, json.dumps(kept, sort_keys=True), mode=0o600)

    def clear(self) -> bool:
        """Let none in; return whether any was."""
        return bool(self._read()) and write_atomic(self.path, "{}", mode=0o600)

    def _read(self) -> dict[str, Pin]:
        return dict(json.loads(self.path.read_text(encoding="utf-8"))) if self.path.is_file() else {}


def _public_key(certificate: x509.Certificate) -> str:
    """Return the digest by which the message server knows a certificate: that of its public key."""
    raw = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(raw).hexdigest()


def _incarnation(certificate: x509.Certificate) -> int:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = [SITE_URI.fullmatch(uri) for uri in names.get_values_for_type(x509.UniformResourceIdentifier)]
    return next((int(match[2]) for match in found if match), 0)
