"""The packs of one site a tier are what was reviewed; and the goldens can't shrink by accident."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden import update
from golden.compare import differences, lost
from golden.goldens import committed, emitted


def test_packs_are_what_was_reviewed() -> None:
    changed = differences(committed(), emitted())
    assert changed == [], "wanted? then: make golden, review, commit"


def test_every_tier_has_a_golden() -> None:
    assert {path.split("/")[0] for path in committed()} == {"440000", "441700", "441721", "441900401"}


def test_a_vanished_key_is_a_loss() -> None:
    assert lost({"a.json": '{"x": {"y": 1}}'}, {"a.json": '{"x": {}}'}) == ["a.json|.x.y"]


def test_a_vanished_file_is_a_loss() -> None:
    assert "b.json" in lost({"b.json": "{}"}, {})


def test_the_update_refuses_to_lose_anything_silently(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extra = tmp_path / "440000" / "gone.json"
    extra.parent.mkdir()
    extra.write_text(json.dumps({"kept": True}))
    assert update.main([], folder=tmp_path) == 1
    assert extra.exists()
    assert "440000/gone.json" in capsys.readouterr().err
    assert update.main(["--allow-loss"], folder=tmp_path) == 0
    assert not extra.exists()
    assert committed(tmp_path) == emitted()
