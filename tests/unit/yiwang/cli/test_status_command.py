"""`yiwang status` on a terminal of 80 columns: addresses and times stay whole, names and states give way."""

from __future__ import annotations

from typing import Any, Self
from unicodedata import east_asian_width

import pytest

from yiwang.cli.commands import status
from yiwang.cli.main import main

ADDRESS = "http://127.64.0.113:7080"


class Control:
    """A control that knows two sites, one of them on its way."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def status(self) -> dict[str, Any]:
        under_way = {"outcome": "running", "phase": "engines", "release": "2026.11.12"}
        rows = [
            row("441721", "阳西县", "2026-11-23T08:00:00Z", None),
            row("441900401", "松山湖", "2025-12-30T08:00:00Z", under_way),
        ]
        return {"as_of": "2026-11-23T08:00:09+00:00", "observing": None, "sites": rows, "rollouts": []}


def row(site: str, name: str, proven_at: str, progress: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "site": site, "name": name, "release": "2026.11.0", "state": "same", "proven_at": proven_at, "seen_at": None,
        "address": ADDRESS, "details": [], "progress": progress,
    }  # fmt: skip


def cells(line: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in line)


def test_a_line_fits_80_columns_and_nothing_that_is_copied_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(status, "find_workspace", lambda _: None)
    monkeypatch.setattr(status, "control_client", lambda _: Control())
    with pytest.raises(SystemExit):
        main(["status"])
    out = capsys.readouterr().out
    assert max(cells(line.rstrip()) for line in out.splitlines()) <= 80
    assert out.count(ADDRESS) == 2
    assert "11-23 08:00" in out
    assert "2025-12-30" in out
