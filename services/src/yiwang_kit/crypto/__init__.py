"""Signatures and digests of both worlds, Ed25519 and the Chinese SM algorithms, behind one small surface.

The platform and the hub verify each other's signatures, so both use this code; it imports nothing of the kit.
"""

from yiwang_kit.crypto.canonical import canonical_json
from yiwang_kit.crypto.hybrid import HybridPrivateKey, HybridPublicKey, MissingHalf
from yiwang_kit.crypto.provider import CryptoProvider, provider, providers, sm3

__all__ = [
    "CryptoProvider",
    "HybridPrivateKey",
    "HybridPublicKey",
    "MissingHalf",
    "canonical_json",
    "provider",
    "providers",
    "sm3",
]
