"""The matrix: only what was proven, recently, by the running processes, is green."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from yiwang.model.proof import Expected, FileDrift, LoadedProcess, MatrixState, ProofReport
from yiwang.operate.consistency import all_same, judge, judge_site

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TREE, MANIFEST, PACK, OTHER = "1" * 64, "2" * 64, "3" * 64, "4" * 64
CHANGED = FileDrift(path="venv/lib/python3.11/site-packages/x.py", kind="changed", artefact="x-1.0-py3-none-any.whl")


def expected(site: str = "441721", **rest: Any) -> Expected:
    fields = {
        "site": site, "name": "阳西县", "tier": "county", "release": "2026.11.0", "manifest_sha256": MANIFEST,
        "pack_sha256": PACK, "migrations": {"kit": "0001_start"},
    }  # fmt: skip
    return Expected(**(fields | rest))


def hub(**rest: Any) -> LoadedProcess:
    fields = {
        "name": "hub", "pid": 42, "alive": True, "release": "2026.11.0", "tree_digest": TREE,
        "start_time_ticks": 7, "boot_start_time_ticks": 7,
    }  # fmt: skip
    return LoadedProcess(**(fields | rest))


def report(site: str = "441721", **rest: Any) -> ProofReport:
    fields = {
        "site": site, "incarnation": 1, "generation": 1, "issued_at": NOW - timedelta(minutes=1),
        "expires_at": NOW + timedelta(minutes=9), "release": "2026.11.0", "manifest_sha256": MANIFEST,
        "pack_sha256": PACK, "pack_on_disk_sha256": PACK, "tree_digest": TREE, "processes": (hub(),),
        "migrations": {"kit": "0001_start"},
    }  # fmt: skip
    return ProofReport(**(fields | rest))


def test_a_site_that_proves_everything_is_the_same() -> None:
    row = judge_site(expected(), report(), NOW)
    assert (row.state, row.details) == (MatrixState.SAME, ())


def test_a_site_that_never_spoke_is_not_green() -> None:
    assert judge_site(expected(), None, NOW).state is MatrixState.NEVER_SEEN


def test_an_expired_proof_is_stale_whatever_it_says() -> None:
    row = judge_site(expected(), report(expires_at=NOW, drift=(CHANGED,)), NOW)
    assert row.state is MatrixState.STALE


@pytest.mark.parametrize(
    ("release", "state"),
    [("2026.9.0", MatrixState.BEHIND), ("2026.12.0", MatrixState.AHEAD), (None, MatrixState.BEHIND)],
)
def test_another_release_is_behind_or_ahead(release: str | None, state: MatrixState) -> None:
    moved = report(release=release, manifest_sha256=OTHER, processes=(hub(release=release),))
    assert judge_site(expected(), moved, NOW).state is state


def test_one_changed_byte_names_the_site_and_the_file_and_leaves_the_others_green() -> None:
    sites = [expected("440000"), expected("441700"), expected("441721")]
    reports = {site.site: report(site.site) for site in sites} | {"441721": report(drift=(CHANGED,))}
    rows = judge(sites, reports, NOW)
    assert [row.state for row in rows] == [MatrixState.SAME, MatrixState.SAME, MatrixState.DRIFTED]
    assert CHANGED.path in rows[2].details[0]
    assert CHANGED.artefact in rows[2].details[0]


def test_a_process_that_loaded_other_code_than_the_disk_has_is_named() -> None:
    row = judge_site(expected(), report(processes=(hub(tree_digest=OTHER),)), NOW)
    assert row.state is MatrixState.DRIFTED
    assert row.details[0].startswith("hub: 仍在运行旧代码")


def test_a_process_of_the_release_before_is_named() -> None:
    row = judge_site(expected(), report(processes=(hub(release="2026.9.0", tree_digest=OTHER),)), NOW)
    assert "2026.9.0" in row.details[0]


def test_a_boot_report_of_another_process_proves_nothing() -> None:
    row = judge_site(expected(), report(processes=(hub(boot_start_time_ticks=6),)), NOW)
    assert row.state is MatrixState.DRIFTED
    assert "pid 42" in row.details[0]


@pytest.mark.parametrize(
    ("process", "word"),
    [(hub(alive=False), "is not running"), (hub(tree_digest=None), "no boot report"), (None, "no process has proven")],
)
def test_a_process_without_proof_is_not_green(process: LoadedProcess | None, word: str) -> None:
    row = judge_site(expected(), report(processes=(process,) if process else ()), NOW)
    assert row.state is MatrixState.DRIFTED
    assert word in row.details[0]


@pytest.mark.parametrize(
    ("change", "artefact"),
    [
        ({"manifest_sha256": OTHER}, "manifest.json"),
        ({"pack_sha256": OTHER, "pack_on_disk_sha256": OTHER}, "site pack"),
        ({"pack_on_disk_sha256": OTHER}, "site pack"),
        ({"migrations": {}}, "kit"),
        ({"migrations": {"kit": "0000_before"}}, "kit"),
        ({"migrations": {"kit": "0001_other"}}, "kit"),
    ],
)
def test_every_other_artefact_that_differs_is_named(change: dict[str, Any], artefact: str) -> None:
    row = judge_site(expected(), report(**change), NOW)
    assert row.state is MatrixState.DRIFTED
    assert row.details[0].startswith(artefact)


def test_a_schema_that_a_later_release_expanded_is_no_drift_after_the_switch_back() -> None:
    row = judge_site(expected(), report(migrations={"kit": "0002_later"}), NOW)
    assert row.state is MatrixState.SAME


def test_many_changed_files_are_counted_not_listed() -> None:
    drift = tuple(FileDrift(path=f"f{number}", kind="extra") for number in range(50))
    row = judge_site(expected(), report(drift=drift), NOW)
    assert "30 more files" in row.details[20]


def test_a_connected_platform_is_not_ours_and_an_absent_site_not_deployed() -> None:
    assert judge_site(expected(ours=False), None, NOW).state is MatrixState.NOT_OURS
    assert judge_site(expected(deployed=False), None, NOW).state is MatrixState.NOT_DEPLOYED


def test_nothing_proven_is_not_the_same() -> None:
    assert not all_same([])
    assert not all_same(judge([expected(deployed=False)], {}, NOW))
    assert all_same(judge([expected(), expected("440000", ours=False)], {"441721": report()}, NOW))
