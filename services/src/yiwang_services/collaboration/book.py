"""Writes docs/reference/order-states.md from the transition table, so that page and programme cannot differ.

python -m yiwang_services.collaboration.book > docs/reference/order-states.md
"""

from __future__ import annotations

import sys

from yiwang_services.collaboration import limits, settings
from yiwang_services.collaboration.transitions import MARKS, SAME, STATES, TRANSITIONS, Transition

HEAD = """# States and actions of a work order 工单状态与操作

Written by `python -m yiwang_services.collaboration.book` from the one transition table
(`services/src/yiwang_services/collaboration/transitions.py`); a test compares them.

"""
RULES = f"""
## Limits and counts 时限与次数

| Rule | |
|---|---|
| return that goes to an arbiter 转入裁定的退回 | the {settings.BOUNCE_LIMIT}rd |
| reopening after closure 结案后重新办理 | within {settings.REOPEN_DAYS} days |
| between two urgings 两次催办间隔 | {settings.URGE_PAUSE_HOURS} hours |
| one pause of the stage clock 单次暂停计时 | at most {settings.SUSPEND_DAYS} days |
| one extension 单次延期 | at most {settings.EXTEND_DAYS} days behind the limit |
| possible duplicates 疑似重复 | same matter and division, {settings.DUPLICATE_DAYS} days, {settings.DUPLICATE_METRES:.0f} m |

The **whole limit** runs from intake (or reopening) and never stops; only an extension or another working calendar moves it.
The **stage clock** runs in the unit of its limit and stands still while the order is suspended: a pause has an end from the
beginning, so the stage's new limit is known at once. A matter's version at intake decides both; stages that it does not name have:

| Stage | Limit |
|---|---|
"""


def page() -> str:
    """Return the page."""
    return "".join([HEAD, diagram(), states(), actions(), marks(), RULES, *stage_rows()])


def diagram() -> str:
    """Return what moves an order, as a picture."""
    moves = [f"  {source} --> {row.target}: {row.action}" for row in moving() for source in sorted(row.sources)]
    return "\n".join(["```mermaid", "stateDiagram-v2", "  [*] --> registered: register", *moves, "```", ""])


def moving() -> list[Transition]:
    """Return the rows that change the state."""
    return [row for row in TRANSITIONS if row.target != SAME]


def states() -> str:
    """Return the states."""
    rows = [f"| `{state}` | {zh} | {en} | {stage(state)} |\n" for state, (zh, en) in STATES.items()]
    return "\n## States 状态\n\n| State | 中文 | English | Stage 环节 |\n|---|---|---|---|\n" + "".join(rows)


def stage(state: str) -> str:
    """Return the stage of a state in two languages."""
    name = limits.STAGES.get(state)
    return " ".join(limits.TITLES[name]) if name else "–"


def actions() -> str:
    """Return every row of the table."""
    head = "| Action | 中文 | English | From | To | Permission | Fields | Needs | Not while |\n|---|---|---|---|---|---|---|---|---|\n"
    return "\n## Actions 操作\n\n" + head + "".join(action(row) for row in TRANSITIONS)


def action(row: Transition) -> str:
    """Return one row."""
    sources = "every state" if set(row.sources) == set(STATES) else ", ".join(s for s in STATES if s in row.sources)
    fields = ", ".join(f"{field.name}{'' if field.required else '?'}" for field in row.fields)
    target = f"{row.target or 'same'}{f' → {row.sends}: {row.arrives_as}' if row.sends else ''}"
    who = "by message or by the system" if row.system else f"`{row.permission}`"
    cells = (f"`{row.action}`", row.title_zh, row.title_en, sources, target, who, fields or "–", row.needs or "–",
             ", ".join(row.bars) if not row.system and row.bars else "–")  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def marks() -> str:
    """Return what an order may carry beside its state."""
    rows = [f"| `{mark}` | {zh} | {en} |\n" for mark, (zh, en, _, _) in MARKS.items()]
    return "\n## Beside the state 状态以外\n\n| Mark | 中文 | English |\n|---|---|---|\n" + "".join(rows)


def stage_rows() -> list[str]:
    """Return the limits of stages that a matter does not name."""
    return [f"| {' '.join(limits.TITLES[name])} | {amount} {unit.replace('_', ' ')}(s) |\n"
            for name, amount, unit in settings.STAGE_LIMITS]  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(page())
