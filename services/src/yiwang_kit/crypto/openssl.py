"""SM2 by OpenSSL's own libcrypto through ctypes: the fastest implementation that every Linux machine already has.

Keys cross the border as DER, because that is the one form for which libcrypto's interface is stable and small.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from yiwang_kit.crypto.provider import SIGNER_ID

# SubjectPublicKeyInfo of an uncompressed SM2 point: id-ecPublicKey, curve 1.2.156.10197.1.301 (GM/T 0006).
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
# PKCS#8 PrivateKeyInfo around an ECPrivateKey with its public point.
PKCS8 = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
PKCS8_PUBLIC = bytes.fromhex("a14403420004")
PRIVATE_BYTES, PUBLIC_BYTES = 32, 64
SIGNATURE_MAXIMUM = 80

_POINTERS = [
    "EVP_PKEY_CTX_new_from_name",
    "EVP_PKEY_CTX_new",
    "EVP_MD_CTX_new",
    "EVP_sm3",
    "d2i_PUBKEY",
    "d2i_AutoPrivateKey",
    "EVP_PKEY_get0_type_name",
]


class OpensslProvider:
    """SM2 by libcrypto 3. 基于 OpenSSL 的国密模块。"""

    name = "openssl"

    def __init__(self, library: ctypes.CDLL) -> None:
        self._c = library
        for name in _POINTERS:
            getattr(library, name).restype = ctypes.c_void_p
        self._public = lru_cache(maxsize=64)(self._load_public)
        self._private = lru_cache(maxsize=16)(self._load_private)

    def generate(self) -> tuple[bytes, bytes]:
        """Return a new key pair."""
        context = self._need(self._c.EVP_PKEY_CTX_new_from_name(None, b"SM2", None))
        key = ctypes.c_void_p()
        try:
            self._ok(self._c.EVP_PKEY_keygen_init(ctypes.c_void_p(context)))
            self._ok(self._c.EVP_PKEY_generate(ctypes.c_void_p(context), ctypes.byref(key)))
            return self._export(key)
        finally:
            self._c.EVP_PKEY_free(key)
            self._c.EVP_PKEY_CTX_free(ctypes.c_void_p(context))

    def sign(self, private: bytes, public: bytes, message: bytes) -> bytes:
        """Sign with the default signer id."""
        signature = ctypes.create_string_buffer(SIGNATURE_MAXIMUM)
        length = ctypes.c_size_t(SIGNATURE_MAXIMUM)
        with self._digest(self._private(private, public), "EVP_DigestSignInit") as context:
            self._ok(
                self._c.EVP_DigestSign(context, signature, ctypes.byref(length), message, ctypes.c_size_t(len(message)))
            )
        return signature.raw[: length.value]

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Verify; a malformed key or signature is simply not valid."""
        try:
            with self._digest(self._public(public), "EVP_DigestVerifyInit") as context:
                code = self._c.EVP_DigestVerify(
                    context, signature, ctypes.c_size_t(len(signature)), message, ctypes.c_size_t(len(message))
                )
        except ValueError:
            return False
        finally:
            self._c.ERR_clear_error()
        return bool(code == 1)

    @contextmanager
    def _digest(self, key: int, begin: str) -> Iterator[ctypes.c_void_p]:
        context = ctypes.c_void_p(self._need(self._c.EVP_MD_CTX_new()))
        key_context = ctypes.c_void_p(self._need(self._c.EVP_PKEY_CTX_new(ctypes.c_void_p(key), None)))
        try:
            self._ok(self._c.EVP_PKEY_CTX_set1_id(key_context, SIGNER_ID, len(SIGNER_ID)))
            self._c.EVP_MD_CTX_set_pkey_ctx(context, key_context)
            sm3 = ctypes.c_void_p(self._c.EVP_sm3())
            self._ok(getattr(self._c, begin)(context, None, sm3, None, ctypes.c_void_p(key)))
            yield context
        finally:
            self._c.EVP_MD_CTX_free(context)
            self._c.EVP_PKEY_CTX_free(key_context)

    def _load_public(self, public: bytes) -> int:
        if len(public) != PUBLIC_BYTES:
            raise ValueError(f"an SM2 public key has {PUBLIC_BYTES} bytes, not {len(public)}")
        return self._decode("d2i_PUBKEY", SPKI + public)

    def _load_private(self, private: bytes, public: bytes) -> int:
        if len(private) != PRIVATE_BYTES or len(public) != PUBLIC_BYTES:
            raise ValueError(f"an SM2 key pair has {PRIVATE_BYTES} and {PUBLIC_BYTES} bytes")
        return self._decode("d2i_AutoPrivateKey", PKCS8 + private + PKCS8_PUBLIC + public)

    def _decode(self, function: str, der: bytes) -> int:
        buffer = ctypes.create_string_buffer(der, len(der))
        pointer = ctypes.c_void_p(ctypes.addressof(buffer))
        return self._need(getattr(self._c, function)(None, ctypes.byref(pointer), ctypes.c_long(len(der))))

    def _export(self, key: ctypes.c_void_p) -> tuple[bytes, bytes]:
        public = self._encode("i2d_PUBKEY", key)[-PUBLIC_BYTES:]
        der = self._encode("i2d_PrivateKey", key)
        start = der.index(b"\x02\x01\x01\x04\x20") + 5
        return der[start : start + PRIVATE_BYTES], public

    def _encode(self, function: str, key: ctypes.c_void_p) -> bytes:
        length = getattr(self._c, function)(key, None)
        if length <= 0:
            raise ValueError(f"libcrypto {function} failed")
        buffer = ctypes.create_string_buffer(length)
        pointer = ctypes.c_void_p(ctypes.addressof(buffer))
        getattr(self._c, function)(key, ctypes.byref(pointer))
        return buffer.raw

    def _need(self, pointer: int | None) -> int:
        if not pointer:
            self._c.ERR_clear_error()
            raise ValueError("libcrypto refused the key or the algorithm")
        return pointer

    def _ok(self, code: int) -> None:
        if code != 1:
            self._c.ERR_clear_error()
            raise ValueError("libcrypto refused the operation")


def open_libcrypto() -> OpensslProvider | None:
    """Return the provider over the machine's libcrypto 3, or None where it has no SM2."""
    try:
        import _ssl  # noqa: F401 - loads the libcrypto that Python itself was built against

        library = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
        found = OpensslProvider(library)
        found.generate()
    except (OSError, AttributeError, ValueError, ImportError):
        return None
    return found
