"""Findings: one fault one fingerprint, taken up as often as you like; closed by a clean retest and by nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from yiwang.adapters.inspection_journal import InspectionJournal
from yiwang.definition.checks import checks
from yiwang.errors import Refused
from yiwang.inspections.fingerprints import fingerprint
from yiwang.inspections.lifecycle import fold
from yiwang.inspections.schedule import plan
from yiwang.model.inspection import Fault, Finding, FindingState, Ledger, Result, Target, TargetKind, Verdict
from yiwang.operate.inspect import acceptable, green

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOLE = Fault("port 4444", "listens undeclared")
NAME = fingerprint("SC-06", "441721", HOLE.locus)
Entries = list[dict[str, Any]]


def run(verdict: Verdict, *faults: Fault, day: int = 0, target: str = "441721") -> dict[str, Any]:
    """Return a journal entry of a run with one result."""
    result = asdict(Result("SC-06", 1, target, verdict, "", faults))
    return {"kind": "run", "at": (NOW + timedelta(days=day)).isoformat(), "digest": "d", "body": {"results": [result]}}


def did(kind: str, **body: str) -> dict[str, Any]:
    """Return a journal entry of what a person did."""
    return {"kind": kind, "at": NOW.isoformat(), "digest": "d", "body": {"fingerprint": NAME, **body}}


def ledger(*entries: dict[str, Any], day: int = 0) -> Ledger:
    """Fold entries as of a day."""
    return fold(entries, NOW + timedelta(days=day))


def state(*entries: dict[str, Any], day: int = 0) -> FindingState:
    """Return the one finding's state."""
    return ledger(*entries, day=day).findings[NAME].state


FOUND = run(Verdict.FAIL, HOLE)
ACCEPTED = did("accept", owner="a", approver="b", reason="c", expires=(NOW + timedelta(days=30)).isoformat())


def test_the_same_run_again_changes_nothing() -> None:
    assert ledger(FOUND, FOUND, FOUND).findings == ledger(FOUND).findings


def test_only_a_clean_run_of_the_same_check_at_the_same_target_closes() -> None:
    for other in (Verdict.ERROR, Verdict.STALE, Verdict.NOT_APPLICABLE, Verdict.MANUAL_PENDING):
        assert state(FOUND, run(other)) is FindingState.OPEN
    assert state(FOUND, run(Verdict.PASS, target="441700")) is FindingState.OPEN
    assert state(FOUND, did("fixed")) is FindingState.FIXED
    assert state(FOUND, did("fixed"), run(Verdict.PASS)) is FindingState.CLOSED
    assert state(FOUND, run(Verdict.FAIL, Fault("port 5555", ""))) is FindingState.CLOSED


def test_a_closed_finding_that_comes_back_counts_its_returns() -> None:
    back = ledger(FOUND, run(Verdict.PASS), FOUND).findings[NAME]
    assert (back.state, back.reopened) == (FindingState.OPEN, 1)


def test_an_acceptance_outlives_runs_and_ends_by_itself() -> None:
    assert state(FOUND, ACCEPTED, FOUND, day=29) is FindingState.ACCEPTED
    assert state(FOUND, ACCEPTED, FOUND, day=30) is FindingState.OPEN


@pytest.mark.parametrize(
    ("owner", "approver", "reason", "days"),
    [("a", "a", "r", 1), ("a", "", "r", 1), ("a", "b", " ", 1), ("a", "b", "r", 181), ("a", "b", "r", 0)],
)
def test_an_acceptance_without_another_approver_a_reason_or_a_near_end_is_refused(
    owner: str, approver: str, reason: str, days: int
) -> None:
    finding = Finding(NAME, "SC-06", "441721", HOLE.locus, "", FindingState.OPEN, NOW, NOW)
    with pytest.raises(Refused):
        acceptable(finding, owner, approver, reason, days)


def test_green_needs_every_verdict_and_no_open_finding() -> None:
    passed, failed, unknown = (Result("SC-06", 1, "t", v, "") for v in (Verdict.PASS, Verdict.FAIL, Verdict.ERROR))
    open_one, accepted = ledger(FOUND).findings.values(), ledger(FOUND, ACCEPTED).findings.values()
    assert green([passed], [])
    assert green([passed, failed], accepted)
    assert not green([passed, failed], open_one)
    assert not green([passed, unknown], [])


def test_a_check_is_missed_after_one_and_a_half_intervals_and_an_error_is_no_run() -> None:
    check, target = next(c for c in checks() if c.id == "SC-06"), Target(TargetKind.SITE, "441721")

    def missed(hours: int, *entries: dict[str, Any]) -> bool:
        now = NOW + timedelta(hours=hours)
        return plan([check], [target], fold(entries, now).last_run, now)[0].missed

    assert [missed(hours, FOUND) for hours in (25, 36, 37)] == [False, False, True]
    assert missed(37, FOUND, run(Verdict.ERROR, day=1))
    assert not missed(37, FOUND, run(Verdict.PASS, day=1))


def filled(folder: Path) -> InspectionJournal:
    """Return a journal of three entries."""
    journal = InspectionJournal(folder)
    for n in range(3):
        journal.append("run", {"results": [], "n": n}, NOW)
    return journal


def test_a_changed_removed_or_swapped_entry_is_found_and_named(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    lines = journal.file.read_bytes().splitlines(keepends=True)
    for bad in (
        [lines[0], lines[1].replace(b'"n":1', b'"n":7'), lines[2]],
        [lines[0], lines[2]],
        [lines[1], lines[0], lines[2]],
        [b"{}\n"],
    ):
        journal.file.write_bytes(b"".join(bad))
        with pytest.raises(Refused, match="entry"):
            journal.entries()


def test_a_half_written_last_entry_is_no_entry_and_does_not_stand_in_the_way(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    with journal.file.open("ab") as stream:
        stream.write(b'{"n":4,"bef')
    assert len(journal.entries()) == 3
    journal.append("run", {"results": []}, NOW)
    assert [entry["n"] for entry in journal.entries()] == [1, 2, 3, 4]
    assert json.loads(journal.file.read_bytes().splitlines()[3])["before"] == journal.entries()[2]["digest"]
