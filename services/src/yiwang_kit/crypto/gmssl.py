"""SM2 by gmssl-pyx: the second implementation, and the provider where libcrypto lacks SM2."""

from __future__ import annotations

from yiwang_kit.crypto.provider import SIGNER_ID


class GmsslProvider:
    """SM2 by GmSSL's library inside the wheel gmssl-pyx. 基于 GmSSL 的国密模块。"""

    name = "gmssl"

    def generate(self) -> tuple[bytes, bytes]:
        """Return a new key pair."""
        from gmssl_pyx import sm2_key_generate

        public, private = sm2_key_generate()
        return bytes(private), bytes(public)

    def sign(self, private: bytes, public: bytes, message: bytes) -> bytes:
        """Sign with the default signer id."""
        from gmssl_pyx import sm2_sign

        return bytes(sm2_sign(private, public, message, SIGNER_ID))

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Verify; a malformed key or signature is simply not valid."""
        from gmssl_pyx import GmsslInnerError, sm2_verify

        try:
            return bool(sm2_verify(public, message, signature, SIGNER_ID))
        except (GmsslInnerError, ValueError):
            return False
