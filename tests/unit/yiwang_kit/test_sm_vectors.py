"""The SM algorithms give the standards' own examples, and two implementations agree on everything else."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from gmssl_pyx import sm3_hash, sm3_hmac, sm4_ctr_encrypt
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang_kit.crypto import CryptoProvider, provider, providers, sm3
from yiwang_kit.crypto.provider import KNOWN_PUBLIC, KNOWN_SIGNATURE, known_answer
from yiwang_kit.crypto.sm4 import Tampered, hmac_sm3, keystream, seal, unseal

PROVIDERS = list(providers())
KNOWN_PRIVATE = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
KEY = bytes(range(32))
each = pytest.mark.parametrize("module", PROVIDERS, ids=lambda module: module.name)


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_gives_the_examples_of_gb_t_32905(message: bytes, digest: str) -> None:
    assert sm3(message).hex() == digest
    assert bytes(sm3_hash(message)).hex() == digest


def test_sm4_gives_the_examples_of_gb_t_32907() -> None:
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    block = Cipher(SM4(key), modes.ECB()).encryptor()  # noqa: S305 - the standard's example is one bare block
    once = text = block.update(key)
    assert once.hex() == "681edf34d206965e86b3e94f536e4246"
    for _ in range(999_999):
        text = block.update(text)
    assert text.hex() == "595298c7c6fd271f0402f804c33d3f66"


def test_both_implementations_of_sm2_work_here_and_libcrypto_is_preferred() -> None:
    assert [module.name for module in PROVIDERS] == ["openssl", "gmssl"]
    assert provider().name == "openssl"


@each
def test_sm2_believes_the_signature_of_gb_t_32918(module: CryptoProvider) -> None:
    assert module.verify(KNOWN_PUBLIC, b"message digest", KNOWN_SIGNATURE)
    assert known_answer(module)


@each
def test_sm2_signs_with_the_key_of_gb_t_32918(module: CryptoProvider) -> None:
    signature = module.sign(KNOWN_PRIVATE, KNOWN_PUBLIC, b"message digest")
    assert all(other.verify(KNOWN_PUBLIC, b"message digest", signature) for other in PROVIDERS)


@each
@settings(max_examples=25, deadline=None)
@given(message=st.binary(max_size=300))
def test_what_one_implementation_signs_the_other_believes(module: CryptoProvider, message: bytes) -> None:
    private, public = module.generate()
    signature = module.sign(private, public, message)
    assert all(other.verify(public, message, signature) for other in PROVIDERS)


@each
@pytest.mark.parametrize(
    ("public", "message", "signature"),
    [
        (KNOWN_PUBLIC, b"message digesT", KNOWN_SIGNATURE),
        (KNOWN_PUBLIC, b"", KNOWN_SIGNATURE),
        (KNOWN_PUBLIC, b"message digest", KNOWN_SIGNATURE[:-1]),
        (KNOWN_PUBLIC, b"message digest", KNOWN_SIGNATURE + b"\x00"),
        (KNOWN_PUBLIC, b"message digest", b""),
        (KNOWN_PUBLIC, b"message digest", b"\x30\x06\x02\x01\x00\x02\x01\x00"),
        (KNOWN_PUBLIC, b"message digest", os.urandom(72)),
        (KNOWN_PUBLIC[:-1], b"message digest", KNOWN_SIGNATURE),
        (bytes(64), b"message digest", KNOWN_SIGNATURE),
        (b"\xff" * 64, b"message digest", KNOWN_SIGNATURE),
        (b"", b"message digest", KNOWN_SIGNATURE),
    ],
    ids=[
        "other-message",
        "empty-message",
        "cut-short",
        "one-byte-more",
        "no-signature",
        "zero-numbers",
        "random",
        "cut-key",
        "zero-key",
        "key-off-the-curve",
        "no-key",
    ],
)
def test_malformed_or_foreign_input_is_not_valid_and_nothing_more(
    module: CryptoProvider, public: bytes, message: bytes, signature: bytes
) -> None:
    assert module.verify(public, message, signature) is False
    assert module.verify(KNOWN_PUBLIC, b"message digest", KNOWN_SIGNATURE), "a refusal leaves nothing behind"


@settings(max_examples=50, deadline=None)
@given(key=st.binary(min_size=1, max_size=64), message=st.binary(max_size=300))
def test_hmac_sm3_agrees_with_a_second_implementation(key: bytes, message: bytes) -> None:
    assert hmac_sm3(key, message) == bytes(sm3_hmac(key, message))


@settings(max_examples=50, deadline=None)
@given(data=st.binary(min_size=1, max_size=300), nonce=st.binary(min_size=16, max_size=16))
def test_sm4_ctr_agrees_with_a_second_implementation(data: bytes, nonce: bytes) -> None:
    assert keystream(KEY[:16], nonce, data) == bytes(sm4_ctr_encrypt(KEY[:16], nonce, data))


@given(plaintext=st.binary(max_size=300), position=st.integers(min_value=0))
def test_sealed_content_opens_unless_a_bit_was_changed(plaintext: bytes, position: int) -> None:
    sealed = seal(KEY, plaintext)
    assert unseal(KEY, sealed) == plaintext
    spoilt = bytearray(sealed)
    spoilt[position % len(spoilt)] ^= 1
    with pytest.raises(Tampered):
        unseal(KEY, bytes(spoilt))


@pytest.mark.parametrize("sealed", [b"", b"x", bytes(47), bytes(48)])
def test_what_is_too_short_to_be_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(Tampered):
        unseal(KEY, sealed)
