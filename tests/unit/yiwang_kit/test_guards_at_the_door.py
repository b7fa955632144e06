"""The guard counts depth as a parser would, whatever the bytes, and in linear time."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_kit.errors import Invalid
from yiwang_kit.guards import BODY_LIMIT, DEPTH_LIMIT, check_body, check_json, json_depth

values = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\ab', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{}"\\', max_size=3), inner, max_size=3),
    max_leaves=30,
)


def depth_of(value: Any) -> int:
    """Return the depth of a parsed value."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(value=values)
def test_depth_is_counted_as_a_parser_would(value: Any) -> None:
    assert json_depth(json.dumps(value).encode()) == depth_of(value)


def test_the_limit_itself_passes_and_one_more_does_not() -> None:
    check_json(b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT)
    with pytest.raises(Invalid, match="deeper"):
        check_json(b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1))


def test_a_wide_body_is_not_a_deep_one() -> None:
    check_json(json.dumps([{"a": [number]} for number in range(1000)]).encode())


@pytest.mark.parametrize("piece", [b'"\\"', b"[", b'"', b"\\", b'{"a":', b'"["', b"]"])
def test_the_worst_megabyte_takes_no_longer_than_any_other(piece: bytes) -> None:
    body = (piece * (BODY_LIMIT // len(piece) + 1))[:BODY_LIMIT]
    started = time.process_time()
    json_depth(body)
    assert time.process_time() - started < 3.0


@pytest.mark.parametrize(
    "body",
    [
        b'"\\u0000"', b'{"a":{"b":["\\u0000"]}}', b'{"\\u0000":1}', b'"\\ud800"', b'"\\udc00\\ud800"', b'"a\xff"',
        b'"\xed\xa0\x80"', b'"\x00"',
    ],
)  # fmt: skip
def test_half_characters_and_nul_are_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        check_json(body)


@pytest.mark.parametrize("text", ["𠮷㐂", "㙍䶮", "\U0002a6d6", "𪛔\u200d", "é\u0301", "\\u0000 as text"])
def test_rare_characters_pass_written_out_and_escaped(text: str) -> None:
    check_json(json.dumps({"name": text}, ensure_ascii=False).encode())
    check_json(json.dumps({"name": text}).encode())


def test_a_form_with_nul_is_refused_and_a_plain_one_is_not() -> None:
    kind = b"application/x-www-form-urlencoded"
    check_body(b"login=%F0%A0%AE%B7&password=100%2500", kind)
    with pytest.raises(Invalid):
        check_body(b"login=a%00b", kind)
