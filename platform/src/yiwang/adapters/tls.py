"""TLS 1.3 below the site CA, with the standard library alone: whom a connection is with, and which files say so.

No certificate authority of the operating system is ever asked: what is believed is the CA that the pinned root of trust
leads to. Key and certificate lie in one file, because two files can't be replaced in one moment.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SITE_URI = re.compile(r"yiwang:site:([0-9]+(?:-[a-z]+)?):([1-9][0-9]*)")


@dataclass(frozen=True)
class PeerCertificate:
    """Who the other end of a connection proved to be. 对端证书。"""

    site: str
    incarnation: int
    serial: int
    not_after: float
    """Seconds since 1970; a connection that stays open does not outlive its certificate."""
    sha256: str


@dataclass(frozen=True)
class TlsFiles:
    """What a client needs: whom it believes, and who it is. TLS 文件。"""

    authority: Path
    identity: Path | None = None
    """Key and certificate in one file; None or missing = this client shows none."""

    def context(self) -> ssl.SSLContext:
        """Return a client's context, of what the files contain now."""
        return client_context(self.authority, self.identity)


def client_context(authority: Path, identity: Path | None = None) -> ssl.SSLContext:
    """Return a context that believes one authority alone and shows a certificate where there is one."""
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if identity is not None and identity.is_file():
        context.load_cert_chain(identity)
    return context


def server_context(authority: Path, identity: Path) -> ssl.SSLContext:
    """Return a server's context: a client may come without a certificate, but with none that is not the CA's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_cert_chain(identity)
    return context


def peer_certificate(facts: Mapping[str, Any] | None, der: bytes | None) -> PeerCertificate | None:
    """Return whom a verified certificate names; None where there is none, or where it is no site's."""
    if not facts or der is None:
        return None
    uris = [value for kind, value in facts.get("subjectAltName", ()) if kind == "URI"]
    named = [found for uri in uris if (found := SITE_URI.fullmatch(uri))]
    if len(named) != 1:
        return None
    return PeerCertificate(
        site=named[0][1], incarnation=int(named[0][2]), serial=int(facts["serialNumber"], 16),
        not_after=ssl.cert_time_to_seconds(facts["notAfter"]), sha256=hashlib.sha256(der).hexdigest(),
    )  # fmt: skip
