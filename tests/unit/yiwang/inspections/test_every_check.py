"""Every check passes a sound world, finds its own planted fault, and takes no answer for an error, never for a pass."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.inspected_world import NOW, PLANTED, planted, red, sound, verdicts
from yiwang.definition.checks import checks
from yiwang.inspections.code import affected
from yiwang.inspections.judging import JUDGES, judge
from yiwang.model.inspection import CheckSpec, Observation, Target, Verdict

OVERLAP = Path(__file__).resolve().parents[3] / "golden/inspection-overlap.json"
CHECKS = checks()


def verdict(check: CheckSpec, observed: Observation) -> Verdict:
    """Judge one observation."""
    return judge(check, Target(check.target, "t"), observed, NOW).verdict


def test_twenty_checks_and_one_each_with_its_judgement_and_its_planted_fault() -> None:
    ids = [check.id for check in CHECKS]
    assert len(ids) == len(set(ids)) == 21
    assert set(ids) == set(JUDGES) == set(PLANTED)
    assert all(check.clauses for check in CHECKS)


def test_a_sound_world_passes_every_check() -> None:
    assert {check: found for check, found in verdicts(sound()).items() if found is not Verdict.PASS} == {}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_planted_fault_is_found_by_its_own_check(check: CheckSpec) -> None:
    assert check.id in red(planted(check.id))


def test_what_else_turns_red_stands_in_the_overlap_table() -> None:
    overlap = {check.id: others for check in CHECKS if (others := [c for c in red(planted(check.id)) if c != check.id])}
    assert overlap == json.loads(OVERLAP.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "facts",
    [
        None,
        {},
        {"accounts": "text", "answers": 7, "here": None, "advisories": [1]},
        {"answer": "\ud800"},
        {"rows": 0.5},
    ],
)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_no_facts_or_facts_of_another_shape_are_an_error(check: CheckSpec, facts: Any) -> None:
    assert verdict(check, Observation(facts)) is Verdict.ERROR


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_reason_makes_it_not_applicable(check: CheckSpec) -> None:
    assert verdict(check, Observation({"not_applicable": "no-ssh-server"})) is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("probe", "empty"),
    [("accounts", {"accounts": []}), ("listeners", {"here": []}), ("integrity", {"files": 0}), ("doors", {"answers": []}),
     ("roles", {"roles": []}), ("secrets", {"files": 0}), ("people", {"files": 0}), ("default_passwords", {"tried": 0}),
     ("weak_passwords", {"words": 0}), ("messages", {"answer": ""})],
)  # fmt: skip
def test_nothing_looked_at_is_never_a_pass(probe: str, empty: dict[str, Any]) -> None:
    world = sound()
    world[probe].update(empty)
    assert [verdict(c, Observation(world[probe])) for c in CHECKS if c.probe == probe] == [Verdict.ERROR]


def test_an_old_feed_and_old_package_lists_are_stale_unless_they_already_show_a_fault() -> None:
    world = sound()
    world["dependencies"]["as_of"] = "2026-10-01"
    world["updates"]["lists_at"] = int((NOW - timedelta(days=31)).timestamp())
    stale = {check for check, found in verdicts(world).items() if found is Verdict.STALE}
    assert stale == {"VS-01", "VS-03", "VS-05", "VS-04"}
    old = planted("VS-01")
    old["dependencies"]["as_of"] = "2026-10-01"
    assert verdicts(old)["VS-01"] is Verdict.FAIL


@pytest.mark.parametrize(
    ("version", "hit"),
    [
        ("1.9.9", False),
        ("2.0", True),
        ("2.0.0", True),
        ("2.10.0", True),
        ("2.11", False),
        ("2.11rc1", True),
        ("10.0", False),
    ],
)
def test_versions_are_compared_as_numbers(version: str, hit: bool) -> None:
    assert affected(version, [{"introduced": "2.0", "fixed": "2.11"}]) is hit
