"""The key-provider interface for the SM algorithms, so that a certified module can take a software one's place.

SM2 is GB/T 32918 (signature with the default signer id), SM3 is GB/T 32905, SM4 is GB/T 32907. Keys and signatures
have one form whatever the provider: private key 32 bytes, public key 64 bytes (x ‖ y), signature ASN.1 DER (r, s).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Protocol

SIGNER_ID = b"1234567812345678"  # GM/T 0009-2012 §10: the id where no other was agreed


class CryptoProvider(Protocol):
    """A module that makes SM2 keys and signatures. 国密密码模块。"""

    name: str

    def generate(self) -> tuple[bytes, bytes]:
        """Return a new key pair: (private 32 bytes, public 64 bytes)."""

    def sign(self, private: bytes, public: bytes, message: bytes) -> bytes:
        """Return the SM2-with-SM3 signature of a message as DER."""

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Return whether the signature is this key's over this message; malformed input is False."""


def sm3(message: bytes) -> bytes:
    """Return the SM3 digest, 32 bytes (GB/T 32905)."""
    return _digest(message)


def _hashlib_sm3(message: bytes) -> bytes:
    return hashlib.new("sm3", message).digest()


def _gmssl_sm3(message: bytes) -> bytes:
    from gmssl_pyx import sm3_hash

    return bytes(sm3_hash(message))


_digest = _hashlib_sm3 if "sm3" in hashlib.algorithms_available else _gmssl_sm3


def candidates() -> Iterator[CryptoProvider]:
    """Yield the software providers, the preferred one first; a later one is not even loaded where an earlier one works."""
    from yiwang_kit.crypto.gmssl import GmsslProvider
    from yiwang_kit.crypto.openssl import open_libcrypto

    found = open_libcrypto()
    if found is not None:
        yield found
    yield GmsslProvider()


@cache
def providers() -> tuple[CryptoProvider, ...]:
    """Return every provider that passes its known-answer test here, the preferred one first."""
    return tuple(_working())


@cache
def provider() -> CryptoProvider:
    """Return the preferred provider; the second is not even loaded where the first works.

    Raises RuntimeError when none works on this machine.
    """
    found = next(_working(), None)
    if found is None:
        raise RuntimeError("no SM2 provider works here: neither libcrypto nor gmssl-pyx. Next: yiwang preflight")
    return found


def _working() -> Iterator[CryptoProvider]:
    from yiwang_kit.crypto.gmssl import GmsslProvider
    from yiwang_kit.crypto.openssl import open_libcrypto

    candidates: tuple[Callable[[], CryptoProvider | None], ...] = (open_libcrypto, GmsslProvider)
    for make in candidates:
        candidate = make()
        if candidate is not None and known_answer(candidate):
            yield candidate


KNOWN_PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
KNOWN_SIGNATURE = bytes.fromhex(
    "3046"
    "022100F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "022100B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def known_answer(candidate: CryptoProvider) -> bool:
    """Run the signature example of GB/T 32918.5-2017 annex A through a provider, and one of its own."""
    message = b"message digest"
    private, public = candidate.generate()
    return (
        candidate.verify(KNOWN_PUBLIC, message, KNOWN_SIGNATURE)
        and not candidate.verify(KNOWN_PUBLIC, message + b"!", KNOWN_SIGNATURE)
        and candidate.verify(public, message, candidate.sign(private, public, message))
    )
