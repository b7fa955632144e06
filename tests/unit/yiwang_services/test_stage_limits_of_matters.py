"""Stages of a matter's version: kept as one text, read back the same, refused when they mean nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from yiwang_services.collaboration.limits import Limit
from yiwang_services.collaboration.promises import rules_of
from yiwang_services.matter import stages
from yiwang_services.matter.stages import StageLimit

ACCEPT = {"name": "accept", "amount": 4, "unit": "working_hour"}
DISPOSE = {"name": "dispose", "amount": 7, "unit": "working_day"}


def test_the_order_of_writing_does_not_make_another_version() -> None:
    one, other = stages.parsed([DISPOSE, ACCEPT]), stages.parsed([ACCEPT, DISPOSE])
    assert stages.kept(one) == stages.kept(other)
    assert stages.shown(stages.kept(one)) == [ACCEPT, DISPOSE]
    assert (stages.kept(()), stages.shown("")) == ("", [])


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (StageLimit("lunch", 1, "hour"), "not valid"),
        (StageLimit("accept", 0, "hour"), "not valid"),
        (StageLimit("accept", 1, "moon"), "not valid"),
        (StageLimit("dispose", 1, "hour"), "twice"),
    ],
)
def test_a_stage_that_means_nothing_is_named_in_the_refusal(stage: StageLimit, words: str) -> None:
    fault = stages.fault_of([*stages.parsed([DISPOSE]), stage])
    assert fault is not None
    assert stage.name in fault
    assert words in fault


def test_an_order_takes_the_stages_that_are_named_and_the_settings_for_the_rest() -> None:
    row = SimpleNamespace(
        limit_amount=10, limit_unit="working_day", stages=stages.kept(stages.parsed([ACCEPT | {"amount": 1}, DISPOSE])),
        photos_demanded=2, position_demanded=True,
    )  # fmt: skip
    rules = rules_of(row)
    assert (rules.total, rules.photos, rules.position) == (Limit(10, "working_day"), 2, True)
    assert rules.stages["accept"] == Limit(1, "working_hour")
    assert rules.stages["dispose"] == Limit(7, "working_day")
    assert rules.stages["sign"] == Limit(8, "working_hour")
