"""Two `make up` in one fresh clone at the same moment: one workspace is made, and one works while the other waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from yiwang.adapters import addresses
from yiwang.bringup.machine import Machine
from yiwang.bringup.steps import Steps
from yiwang.bringup.up import Result, Up
from yiwang.operate.workspace import open_workspace

BEGINNERS, HOLD_SECONDS = 4, 0.02


class Watched(Up):
    """An `up` whose work is only to be there alone."""

    inside = 0
    most = 0

    def _run(self, machine: Machine, _steps: Steps) -> Result:
        Watched.inside += 1
        Watched.most = max(Watched.most, Watched.inside)
        threading.Event().wait(HOLD_SECONDS)
        Watched.inside -= 1
        return Result([], machine.workspace.id, [], "")


def test_one_workspace_is_made_and_one_at_a_time_works_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIWANG_STATE", str(tmp_path / "state"))
    monkeypatch.setenv(addresses.VARIABLE, str(tmp_path / "registry"))
    folder, start = tmp_path / "workspace", threading.Barrier(BEGINNERS)

    def begin(_: int) -> str:
        start.wait()
        return Watched(folder=folder, say=lambda _: None, tree=tmp_path).run().release

    with ThreadPoolExecutor(BEGINNERS) as pool:
        made = list(pool.map(begin, range(BEGINNERS)))
    assert set(made) == {open_workspace(folder).id}
    assert Watched.most == 1
