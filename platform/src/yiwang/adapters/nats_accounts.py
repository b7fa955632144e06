"""NATS' decentralised identities with plain cryptography: nkeys, and the JWTs of operator, account and user.

One account a parent–child edge, so that a sibling's subjects do not exist for anybody else. A site is the operator of
its own server; the child's leaf user on the parent's server is a key that the child made and the parent signed.
Formats: NATS ADR-14 (JWT v2) and the nkeys specification (base32 of prefix, key and CRC-16/XMODEM).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = {"operator": 14 << 3, "account": 0, "user": 20 << 3}
SEED_PREFIX = 18 << 3
UNLIMITED = -1
SUBJECT_ROOT = "x"


def _base32(raw: bytes) -> str:
    checksum = binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(raw + checksum).rstrip(b"=").decode()


@dataclass(frozen=True)
class Nkey:
    """A key pair of one kind: operator, account or user. NATS 密钥。"""

    kind: str
    private: bytes

    @classmethod
    def generate(cls, kind: str) -> Nkey:
        """Make a new key."""
        return cls(kind, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_seed(cls, seed: str) -> Nkey:
        """Read a seed. Raises ValueError where its checksum or kind is wrong."""
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
        if binascii.crc_hqx(raw[:-2], 0).to_bytes(2, "little") != raw[-2:] or raw[0] & 0xF8 != SEED_PREFIX:
            raise ValueError("not an nkey seed")
        prefix = (raw[0] & 0x07) << 5 | (raw[1] & 0xF8) >> 3
        kind = next((name for name, value in PREFIX.items() if value == prefix), None)
        if kind is None:
            raise ValueError("an nkey seed of a kind that is not used here")
        return cls(kind, raw[2:-2])

    def seed(self) -> str:
        """Return the seed's text form; the caller keeps it secret."""
        prefix = PREFIX[self.kind]
        return _base32(bytes([SEED_PREFIX | prefix >> 5, (prefix & 0x1F) << 3]) + self.private)

    @property
    def public(self) -> str:
        """Return the public key's text form, which begins with O, A or U."""
        raw = Ed25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw()
        return _base32(bytes([PREFIX[self.kind]]) + raw)

    def sign(self, message: bytes) -> bytes:
        """Sign with Ed25519."""
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(message)


def _encode(value: Any) -> str:
    raw = json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def issue(signer: Nkey, subject: str, name: str, claims: dict[str, Any], *, at: int) -> str:
    """Return a JWT about `subject`, signed by `signer`; `at` is seconds since 1970."""
    body = {"iat": at, "iss": signer.public, "name": name, "sub": subject, "nats": {"version": 2, **claims}}
    body["jti"] = base64.b32encode(hashlib.sha256(_encode(body).encode()).digest()).rstrip(b"=").decode()
    signed = f"{_encode({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_encode(body)}"
    return f"{signed}.{base64.urlsafe_b64encode(signer.sign(signed.encode())).rstrip(b'=').decode()}"


def operator_jwt(operator: Nkey, name: str, system_account: str, *, at: int) -> str:
    """Return a server's own operator claim."""
    return issue(operator, operator.public, name, {"type": "operator", "system_account": system_account}, at=at)


def account_jwt(operator: Nkey, account: Nkey, name: str, *, at: int, revoked: dict[str, int] | None = None) -> str:
    """Return an account's claim; `revoked` names user keys and the moment before which their claims are void."""
    limits = {
        "subs": UNLIMITED, "data": UNLIMITED, "payload": UNLIMITED, "imports": UNLIMITED, "exports": UNLIMITED,
        "wildcards": True, "conn": UNLIMITED, "leaf": UNLIMITED,
    }  # fmt: skip
    claims: dict[str, Any] = {"type": "account", "limits": limits, "default_permissions": {"pub": {}, "sub": {}}}
    if revoked:
        claims["revocations"] = dict(revoked)
    return issue(operator, account.public, name, claims, at=at)


def user_jwt(
    account: Nkey, public: str, name: str, *, at: int, leaf: bool, permissions: dict[str, Any] | None = None
) -> str:
    """Return a user's claim; a leaf user may connect as a leaf node and as nothing else."""
    claims: dict[str, Any] = {
        "type": "user", "pub": {}, "sub": {}, "subs": UNLIMITED, "data": UNLIMITED, "payload": UNLIMITED,
        "allowed_connection_types": ["LEAFNODE"] if leaf else ["STANDARD"],
        **(permissions or {}),
    }  # fmt: skip
    return issue(account, public, name, claims, at=at)


def edge_permissions(here: str, there: str) -> dict[str, Any]:
    """Return what a site may say and hear on an edge: ask the other, answer for itself, and its own reply inbox."""
    return {
        "pub": {"allow": [f"{SUBJECT_ROOT}.{there}.>"]},
        "sub": {"allow": [f"{SUBJECT_ROOT}.{here}.>"]},
        "resp": {"max": 1, "ttl": 60_000_000_000},
    }


def credentials(jwt: str, key: Nkey) -> str:
    """Return a credentials file's text."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{key.seed()}\n------END USER NKEY SEED------\n"
    )
