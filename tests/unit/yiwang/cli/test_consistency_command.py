"""`yiwang consistency` on a terminal and for machines: what it shows and how it ends."""

from __future__ import annotations

import json
from typing import Any, Self

import pytest

from yiwang.cli.commands import consistency
from yiwang.cli.main import main

DRIFT = "venv/lib/python3.11/site-packages/x.py changed (x-1.0-py3-none-any.whl)"


class Control:
    """A control that answers with what a test gave it."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows, self.proofs = rows, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def prove(self) -> dict[str, Any]:
        self.proofs += 1
        return {}

    def matrix(self) -> dict[str, Any]:
        return {"as_of": "2026-11-23T08:00:00+00:00", "release": "2026.11.0", "sites": self.rows}


def row(site: str, state: str, *details: str) -> dict[str, Any]:
    return {
        "site": site, "name": "阳西县", "tier": "county", "state": state, "release": "2026.11.0",
        "proven_at": "2026-11-23T08:00:00Z", "details": list(details),
    }  # fmt: skip


def run(monkeypatch: pytest.MonkeyPatch, control: Control, *arguments: str) -> int:
    monkeypatch.setattr(consistency, "find_workspace", lambda _: None)
    monkeypatch.setattr(consistency, "control_client", lambda _: control)
    with pytest.raises(SystemExit) as ended:
        main(["consistency", *arguments])
    return int(ended.value.code or 0)


def test_all_same_ends_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    control = Control([row("441700", "same"), row("441721", "same"), row("440100", "not_ours")])
    assert run(monkeypatch, control) == 0
    assert capsys.readouterr().out.count("一致 same") == 2


def test_drift_ends_with_one_and_names_site_and_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, Control([row("441700", "same"), row("441721", "drifted", DRIFT)])) == 1
    said = capsys.readouterr()
    assert "漂移 drifted" in said.out
    assert f"441721 阳西县: {DRIFT}" in said.err
    assert "yiwang status" in said.err


@pytest.mark.parametrize("state", ["behind", "ahead", "drifted", "stale", "never_seen"])
def test_every_state_but_same_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, Control([row("441721", state)]), "--json") == 1
    assert json.loads(capsys.readouterr().out)["sites"][0]["state"] == state


def test_a_proof_is_asked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    control = Control([row("441721", "same")])
    assert run(monkeypatch, control, "--prove") == 0
    assert control.proofs == 1
