"""SM4 (GB/T 32907) by the `cryptography` library: content encryption in authenticated form.

`cryptography` offers SM4 in CTR mode; integrity comes from HMAC-SM3 over nonce and ciphertext (encrypt-then-MAC).
"""

from __future__ import annotations

import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from yiwang_kit.crypto.provider import sm3

KEY_BYTES, NONCE_BYTES, TAG_BYTES, BLOCK_BYTES = 16, 16, 32, 64


class Tampered(ValueError):
    """Content whose tag does not fit. 内容被篡改。"""


def hmac_sm3(key: bytes, message: bytes) -> bytes:
    """Return HMAC with SM3 (GB/T 15852.2, RFC 2104), 32 bytes."""
    key = sm3(key) if len(key) > BLOCK_BYTES else key
    padded = key.ljust(BLOCK_BYTES, b"\x00")
    inner = sm3(bytes(b ^ 0x36 for b in padded) + message)
    return sm3(bytes(b ^ 0x5C for b in padded) + inner)


def keystream(key: bytes, nonce: bytes, data: bytes) -> bytes:
    """Return data XOR the SM4-CTR keystream; the same call encrypts and decrypts."""
    cipher = Cipher(SM4(key), modes.CTR(nonce)).encryptor()
    return cipher.update(data) + cipher.finalize()


def seal(key: bytes, plaintext: bytes, *, nonce: bytes | None = None) -> bytes:
    """Encrypt under a 32-byte key (16 for SM4, 16 for the tag); return nonce ‖ ciphertext ‖ tag."""
    nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
    ciphertext = keystream(key[:KEY_BYTES], nonce, plaintext)
    return nonce + ciphertext + hmac_sm3(key[KEY_BYTES:], nonce + ciphertext)


def unseal(key: bytes, sealed: bytes) -> bytes:
    """Check the tag, then decrypt. Raises Tampered, and decrypts nothing that fails the check."""
    body, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    if len(body) < NONCE_BYTES or not hmac.compare_digest(tag, hmac_sm3(key[KEY_BYTES:], body)):
        raise Tampered("the content's SM3 tag does not fit")
    return keystream(key[:KEY_BYTES], body[:NONCE_BYTES], body[NONCE_BYTES:])
