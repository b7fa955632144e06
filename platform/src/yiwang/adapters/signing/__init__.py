"""Everything that is signed or verified on the platform's side: TUF metadata, statements, certificates, reports.

Importing this package registers the hybrid key type with TUF, so that no metadata is ever parsed without it.
"""

from __future__ import annotations

from yiwang.adapters.signing.client import TrustClient, TrustSession, check_profile, is_demo
from yiwang.adapters.signing.documents import (
    check,
    public_halves,
    public_key,
    sign,
    sign_report,
    sign_statement,
    verify_report,
    verify_statement,
)
from yiwang.adapters.signing.identity import (
    CertificateAuthority,
    check_renewal,
    check_request,
    check_token,
    issue,
    make_request,
    new_token,
    private_pem,
    write_private,
)
from yiwang.adapters.signing.keys import KEY_TYPE, HybridKey, HybridSigner, register
from yiwang.adapters.signing.serving import ensure_server_identity

register()

__all__ = [
    "KEY_TYPE",
    "CertificateAuthority",
    "HybridKey",
    "HybridSigner",
    "TrustClient",
    "TrustSession",
    "check",
    "check_profile",
    "check_renewal",
    "check_request",
    "check_token",
    "ensure_server_identity",
    "is_demo",
    "issue",
    "make_request",
    "new_token",
    "private_pem",
    "public_halves",
    "public_key",
    "register",
    "sign",
    "sign_report",
    "sign_statement",
    "verify_report",
    "verify_statement",
    "write_private",
]
