"""Environments of earlier releases go when nothing runs from them, and never one that somebody may be about to use."""

import json
import os
from pathlib import Path

from yiwang.model.paths import StatePaths
from yiwang.operate.environments import YOUNG_SECONDS, tidy

NOW = 2_000_000_000.0


def made(state: StatePaths, name: str, *, age: float) -> Path:
    """Make an environment that was made `age` seconds ago."""
    place = state.root / "environments" / name
    (place / "bin").mkdir(parents=True)
    os.utime(place, (NOW - age, NOW - age))
    return place


def table(state: StatePaths, place: Path) -> Path:
    """Write a process table that runs from an environment."""
    path = state.root / "table.json"
    process = {"name": "agent", "argv": [str(place / "bin" / "python"), "-m", "yiwang.agent"]}
    path.write_text(json.dumps({"schema": 1, "processes": [process]}), encoding="utf-8")
    return path


def test_only_what_no_table_names_and_is_old_is_removed(tmp_path: Path) -> None:
    state = StatePaths(root=tmp_path, runtime=tmp_path)
    running = made(state, "agent-2026.11.1-aaaaaaaaaaaa", age=10 * YOUNG_SECONDS)
    old = made(state, "agent-2026.11.0-bbbbbbbbbbbb", age=10 * YOUNG_SECONDS)
    coming = made(state, "agent-2026.11.2-cccccccccccc", age=1)
    assert tidy(state, [table(state, running), state.root / "absent.json"], now=NOW) == [old.name]
    assert running.is_dir()
    assert coming.is_dir()
    assert not old.exists()


def test_a_name_that_begins_like_a_running_one_is_not_taken_for_it(tmp_path: Path) -> None:
    state = StatePaths(root=tmp_path, runtime=tmp_path)
    running = made(state, "agent-2026.11.10-aaaaaaaaaaaa", age=10 * YOUNG_SECONDS)
    old = made(state, "agent-2026.11.1-aaaaaaaaaaaa", age=10 * YOUNG_SECONDS)
    assert tidy(state, [table(state, running)], now=NOW) == [old.name]
