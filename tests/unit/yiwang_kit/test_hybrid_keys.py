"""A hybrid signature is valid only if both halves are; contexts are kept apart; canonical JSON has one byte form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_kit.crypto import HybridPrivateKey, HybridPublicKey, MissingHalf, canonical_json
from yiwang_kit.crypto.hybrid import bound

KEY, OTHER = HybridPrivateKey.generate(), HybridPrivateKey.generate()
MESSAGE, CONTEXT = "阳西县 𠮷".encode(), "exchange"
SIGNATURE = KEY.sign(MESSAGE, CONTEXT)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc键", max_size=3), inner, max_size=4),
)


def test_both_halves_of_the_right_key_are_valid() -> None:
    assert KEY.public_key().verify(MESSAGE, SIGNATURE, CONTEXT)


@pytest.mark.parametrize("half", ["ed25519", "sm2"])
def test_one_valid_half_is_not_enough(half: str) -> None:
    mixed = {**SIGNATURE, half: OTHER.sign(MESSAGE, CONTEXT)[half]}
    assert not KEY.public_key().verify(MESSAGE, mixed, CONTEXT)


@pytest.mark.parametrize("half", ["ed25519", "sm2"])
@pytest.mark.parametrize("left", [None, "", "absent"])
def test_a_missing_half_is_refused_by_name(half: str, left: str | None) -> None:
    broken: dict[str, Any] = {**SIGNATURE, half: left}
    if left == "absent":
        del broken[half]
    with pytest.raises(MissingHalf, match=f"the {half} half is missing"):
        KEY.public_key().verify(MESSAGE, broken, CONTEXT)


@pytest.mark.parametrize("half", ["ed25519", "sm2"])
@pytest.mark.parametrize("nonsense", ["zz", "00", "f" * 400, 7])
def test_a_half_that_is_nonsense_is_not_valid(half: str, nonsense: Any) -> None:
    assert not KEY.public_key().verify(MESSAGE, {**SIGNATURE, half: nonsense}, CONTEXT)


def test_a_signature_for_one_purpose_is_void_for_another() -> None:
    assert not KEY.public_key().verify(MESSAGE, SIGNATURE, "agent")


def test_context_and_message_cannot_be_shifted_into_each_other() -> None:
    assert bound(b"bc", "a") != bound(b"c", "ab")


def test_keys_survive_json_and_a_lost_half_is_named() -> None:
    again = HybridPrivateKey.from_json(json.loads(json.dumps(KEY.to_json())))
    public = HybridPublicKey.from_json(KEY.public_key().to_json())
    assert public.verify(MESSAGE, again.sign(MESSAGE, CONTEXT), CONTEXT)
    with pytest.raises(MissingHalf, match="sm2"):
        HybridPublicKey.from_json({"ed25519": "00"})


def test_a_private_key_does_not_print_itself() -> None:
    assert KEY.ed25519.hex() not in repr(KEY)
    assert KEY.sm2.hex() not in repr(KEY)


@given(value=json_values)
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    again = json.loads(json.dumps(value), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert canonical_json(again) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value


def test_canonical_json_is_plain_utf_8() -> None:
    assert canonical_json({"b": "𠮷", "a": [1, None, True]}) == '{"a":[1,null,true],"b":"𠮷"}'.encode()


@pytest.mark.parametrize("value", [1.0, [float("nan")], {"a": [{"b": 0.1}]}, "\ud800", {"\udfff": 1}])
def test_what_has_no_one_byte_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"canonical|surrogates"):
        canonical_json(value)
