"""How an invented order goes on: the rows of the one transition table, with times drawn around each stage's limit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from yiwang_services.collaboration import limits
from yiwang_services.collaboration import transitions as t
from yiwang_services.collaboration.limits import Rules, WorkingTime

STRAIGHT = {
    t.REGISTERED: "accept", t.ACCEPTED: "dispatch", t.RETURNED: "dispatch", t.DISPATCHED: "sign",
    t.DISPOSING: "dispose", t.DISPOSED: "verify", t.VERIFIED: "close",
}  # fmt: skip
DECLINED, RETURNED, REWORKED = 0.02, 0.05, 0.03
MEDIAN, SPREAD = 0.45, 0.75
"""Half of all stages take less than this part of their limit; about one in eight takes longer than the limit."""
NOTES = {
    "accept": "", "dispatch": "按职责分拨", "sign": "", "dispose": "已现场处置完毕", "verify": "核查属实", "close": "",
    "decline": "不属受理范围，已告知", "return": "不属本单位职责", "rework": "现场复核未整改到位",
}  # fmt: skip
MAKERS = {
    "register": "样例受理员", "accept": "样例受理员", "decline": "样例受理员", "dispatch": "样例分拨员", "sign": "样例处置员",
    "dispose": "样例处置员", "return": "样例处置员", "verify": "样例核查员", "rework": "样例核查员", "close": "样例核查员",
}  # fmt: skip
LONGEST_STEPS = 14


@dataclass(frozen=True)
class Step:
    """One thing that happened. 办理步骤。"""

    at: datetime
    action: str
    before: str
    after: str
    note: str
    actor: str


def life(dice: random.Random, calendar: WorkingTime, rules: Rules, begun: datetime, now: datetime) -> Iterator[Step]:
    """Yield what happened to an order from its intake until now, or until it was closed."""
    state, at = t.START, begun
    yield Step(at, "register", "", state, "", MAKERS["register"])
    for _ in range(LONGEST_STEPS):
        if state in t.TERMINAL:
            return
        action = next_action(dice, state)
        at = ends(dice, calendar, rules, state, at)
        if at > now:
            return
        before, state = state, t.BY_ACTION[action].target
        yield Step(at, action, before, state, NOTES[action], MAKERS[action])


def next_action(dice: random.Random, state: str) -> str:
    """Return what happens next in a state: mostly the straight way, now and then not."""
    chance = dice.random()
    if state == t.REGISTERED and chance < DECLINED:
        return "decline"
    if state == t.DISPATCHED and chance < RETURNED:
        return "return"
    if state == t.DISPOSED and chance < REWORKED:
        return "rework"
    return STRAIGHT[state]


def ends(dice: random.Random, calendar: WorkingTime, rules: Rules, state: str, at: datetime) -> datetime:
    """Return when a stage ends, drawn around its limit; disposal has what the whole limit leaves."""
    limit = rules.stages.get(limits.STAGES[state]) or rules.total
    allowed = calendar.due(at, limit.amount, limit.unit)[0] - at if limit else timedelta(days=1)
    return at + timedelta(seconds=max(60.0, allowed.total_seconds() * dice.lognormvariate(0, SPREAD) * MEDIAN))
