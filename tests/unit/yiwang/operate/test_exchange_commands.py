"""The command line asks the site's own hub program, speaks its answers, and says who must act where it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from yiwang.errors import NotReady, Refused
from yiwang.operate import exchange


class Door:
    """A hub program that says what it is told to say."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, ()

    def command(self, role: str, *words: str) -> str:
        self.asked = (role, *words)
        return json.dumps(self.answer)


def test_a_retry_names_who_asked_for_it() -> None:
    door = Door({"id": "7", "state": "stored"})
    assert exchange.retry(door, "7", "对端已升级")["state"] == "stored"
    assert door.asked[:4] == ("kit:retry", "7", "--reason", "对端已升级")
    assert door.asked[4] == "--actor"
    assert door.asked[5].startswith("operator:")


def test_a_refused_stick_is_a_refusal_with_the_next_command(tmp_path: Path) -> None:
    stick = tmp_path / "a.ywx"
    stick.write_bytes(b"-")
    door = Door({"refused": "签名无效", "next": "yiwang exchange export 441721 --to DIR"})
    with pytest.raises(Refused, match="签名无效") as refused:
        exchange.import_stick(door, stick)
    assert refused.value.next == "yiwang exchange export 441721 --to DIR"


def test_a_folder_that_is_not_there_or_holds_no_stick_is_said_before_the_site_is_asked(tmp_path: Path) -> None:
    door = Door({"items": []})
    with pytest.raises(NotReady, match="no such folder"):
        exchange.export_stick(door, tmp_path / "absent", peer=None, max_bytes=None)
    with pytest.raises(NotReady, match="no stick"):
        exchange.import_stick(door, tmp_path)
    assert door.asked == ()
    exchange.export_stick(door, tmp_path, peer="441700", max_bytes=5_000_000)
    assert door.asked[:7] == ("kit:export", "--to", str(tmp_path), "--peer", "441700", "--max-bytes", "5000000")
