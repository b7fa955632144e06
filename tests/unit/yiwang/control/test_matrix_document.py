"""Which release the matrix names as the newest."""

from __future__ import annotations

from yiwang.control.matrix import newest


def test_the_newest_release_is_the_one_with_the_highest_numbers_not_the_last_word() -> None:
    assert newest(["2026.11.9", "2026.11.10", "2026.9.30"]) == "2026.11.10"
    assert newest([]) is None
