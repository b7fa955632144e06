"""One key with two halves, ``ed25519+sm2``: a signature is valid only if both halves are.

Two separate signatures would let a verifier be content with one of them; a hybrid key leaves nothing to be content
with. The signing context is part of what is signed, so that a signature made for one purpose is void for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yiwang_kit.crypto.provider import provider

HALVES = ("ed25519", "sm2")


class MissingHalf(ValueError):
    """A signature or key that lacks one of its halves. 缺少一半的签名或密钥。"""

    def __init__(self, half: str) -> None:
        super().__init__(f"the {half} half is missing")
        self.half = half


def bound(message: bytes, context: str) -> bytes:
    """Return what is really signed: the context, its length, then the message."""
    name = context.encode()
    return b"yiwang-signature-v1\x00" + len(name).to_bytes(2, "big") + name + message


@dataclass(frozen=True)
class HybridPublicKey:
    """The public side: Ed25519 32 bytes, SM2 64 bytes. 混合公钥。"""

    ed25519: bytes
    sm2: bytes

    def verify(self, message: bytes, signature: Mapping[str, str], context: str) -> bool:
        """Return whether both halves (hex) are this key's over this message in this context.

        Raises MissingHalf, naming it, when a half is absent: that is tampering, not a wrong key.
        """
        for half in HALVES:
            if not signature.get(half):
                raise MissingHalf(half)
        try:
            first, second = (bytes.fromhex(signature[half]) for half in HALVES)
        except (ValueError, TypeError):
            return False
        data = bound(message, context)
        return self._verify_ed25519(data, first) and provider().verify(self.sm2, data, second)

    def _verify_ed25519(self, data: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.ed25519).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    def to_json(self) -> dict[str, str]:
        """Return both halves in hex."""
        return {"ed25519": self.ed25519.hex(), "sm2": self.sm2.hex()}

    @classmethod
    def from_json(cls, content: Mapping[str, str]) -> Self:
        """Read both halves; raises MissingHalf or ValueError."""
        return cls(*(_half(content, half) for half in HALVES))


@dataclass(frozen=True)
class HybridPrivateKey:
    """The private side: Ed25519 seed 32 bytes, SM2 scalar 32 bytes with its public point. 混合私钥。"""

    ed25519: bytes
    sm2: bytes
    sm2_public: bytes

    def __repr__(self) -> str:
        return f"HybridPrivateKey({self.public_key().ed25519.hex()[:12]}…)"

    @classmethod
    def generate(cls) -> Self:
        """Make a new key with the machine's randomness."""
        private, public = provider().generate()
        return cls(Ed25519PrivateKey.generate().private_bytes_raw(), private, public)

    def public_key(self) -> HybridPublicKey:
        """Return the public side."""
        ed25519 = Ed25519PrivateKey.from_private_bytes(self.ed25519).public_key().public_bytes_raw()
        return HybridPublicKey(ed25519, self.sm2_public)

    def sign(self, message: bytes, context: str) -> dict[str, str]:
        """Sign a message for one purpose; return both halves in hex."""
        data = bound(message, context)
        return {
            "ed25519": Ed25519PrivateKey.from_private_bytes(self.ed25519).sign(data).hex(),
            "sm2": provider().sign(self.sm2, self.sm2_public, data).hex(),
        }

    def to_json(self) -> dict[str, str]:
        """Return the private content in hex; the caller keeps it where only its owner reads."""
        return {"ed25519": self.ed25519.hex(), "sm2": self.sm2.hex(), "sm2_public": self.sm2_public.hex()}

    @classmethod
    def from_json(cls, content: Mapping[str, str]) -> Self:
        """Read a private key; raises MissingHalf or ValueError."""
        return cls(*(_half(content, name) for name in (*HALVES, "sm2_public")))


def _half(content: Mapping[str, str], name: str) -> bytes:
    value = content.get(name)
    if not value:
        raise MissingHalf(name)
    return bytes.fromhex(value)
