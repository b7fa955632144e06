"""The one table of what can happen to a work order: from where, to where, who may, what must be said, what travels.

Everything else asks this table: the API offers and explains its rows, the handlers of messages follow them, the tests
prove that no state is a dead end. A new action is one row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REGISTERED, ACCEPTED, DISPATCHED, DISPOSING = "registered", "accepted", "dispatched", "disposing"
DISPOSED, VERIFIED, CLOSED, RETURNED, HANDED_OVER = "disposed", "verified", "closed", "returned", "handed_over"
START, TERMINAL = REGISTERED, frozenset({CLOSED})

STATES: Final = {
    REGISTERED: ("登记", "Registered"),
    ACCEPTED: ("受理", "Accepted"),
    DISPATCHED: ("已分拨", "Dispatched"),
    DISPOSING: ("处置中", "In disposal"),
    DISPOSED: ("已处置", "Disposed"),
    VERIFIED: ("已核查", "Verified"),
    CLOSED: ("结案", "Closed"),
    RETURNED: ("退回", "Returned"),
    HANDED_OVER: ("移交中", "Handed over"),
}


@dataclass(frozen=True)
class Field:
    """Something that an action asks for. 操作字段。"""

    name: str
    type: str
    label_zh: str
    label_en: str
    required: bool = True


@dataclass(frozen=True)
class Transition:
    """One thing that can happen to a work order. 流转规则。

    `sends` names where ownership goes: `parent`, `child` (the field `site`), `source` (the site it last came from) or
    nowhere. `only` narrows further: `parent` needs a parent site, `children` child sites, `source` an order that came
    from another site. A `system` row is done by a message, never by a person.
    """

    action: str
    sources: frozenset[str]
    target: str
    permission: str
    title_zh: str
    title_en: str
    fields: tuple[Field, ...] = ()
    sends: str = ""
    only: str = ""
    arrives_as: str = ""
    """State at the receiving site, for rows that send."""
    unit: str = ""
    """`set` takes the field `unit`; `clear` leaves the order without a unit."""
    system: bool = False

    @property
    def note_required(self) -> bool:
        """Return whether the person must say something."""
        return any(field.name == "note" and field.required for field in self.fields)


NOTE = Field("note", "text", "意见", "Note")
REMARK = Field("note", "text", "意见（可选）", "Note (optional)", required=False)
UNIT = Field("unit", "unit", "承办单位", "Responsible unit")
SITE = Field("site", "site", "移交站点", "Site")


def _permission(verb: str) -> str:
    return f"collaboration.order.{verb}"


def _from(*states: str) -> frozenset[str]:
    return frozenset(states)


READ, CREATE = _permission("read"), _permission("create")
RECEIVE = _permission("receive")
"""Held by no role: messages alone receive."""
REPORTER = "collaboration.reporter.read"

TRANSITIONS: Final = (
    Transition("accept", _from(REGISTERED, RETURNED), ACCEPTED, _permission("accept"), "受理", "Accept", (REMARK,)),
    Transition("decline", _from(REGISTERED), CLOSED, _permission("accept"), "不予受理", "Decline", (NOTE,)),
    Transition("dispatch", _from(ACCEPTED, RETURNED), DISPATCHED, _permission("dispatch"), "分拨", "Dispatch",
               (UNIT, REMARK), unit="set"),
    Transition("transfer", _from(DISPATCHED, DISPOSING), DISPATCHED, _permission("dispatch"), "转派", "Transfer",
               (UNIT, NOTE), unit="set"),
    Transition("sign", _from(DISPATCHED), DISPOSING, _permission("dispose"), "签收", "Sign for", (REMARK,)),
    Transition("return", _from(DISPATCHED, DISPOSING), RETURNED, _permission("dispose"), "退回", "Return", (NOTE,),
               unit="clear"),
    Transition("dispose", _from(DISPOSING), DISPOSED, _permission("dispose"), "处置反馈", "Report disposal", (NOTE,)),
    Transition("rework", _from(DISPOSED), DISPATCHED, _permission("verify"), "核查不通过", "Send back for rework", (NOTE,)),
    Transition("verify", _from(DISPOSED), VERIFIED, _permission("verify"), "核查", "Verify", (REMARK,)),
    Transition("close", _from(VERIFIED), CLOSED, _permission("close"), "结案", "Close", (REMARK,)),
    Transition("hand_up", _from(ACCEPTED, RETURNED), HANDED_OVER, _permission("hand_over"), "上报移交", "Hand up",
               (NOTE,), sends="parent", only="parent", arrives_as=ACCEPTED, unit="clear"),
    Transition("hand_down", _from(ACCEPTED, RETURNED), HANDED_OVER, _permission("hand_over"), "下派移交", "Hand down",
               (SITE, NOTE), sends="child", only="children", arrives_as=ACCEPTED, unit="clear"),
    Transition("hand_back", _from(DISPOSED), HANDED_OVER, _permission("hand_back"), "办结回传", "Hand back",
               (NOTE,), sends="source", only="source", arrives_as=DISPOSED),
    Transition("return_over", _from(ACCEPTED, RETURNED), HANDED_OVER, _permission("hand_over"), "退回来源站点",
               "Return to the sending site", (NOTE,), sends="source", only="source", arrives_as=RETURNED, unit="clear"),
    Transition("receive", _from(HANDED_OVER), ACCEPTED, RECEIVE, "接收移交", "Receive", system=True),
    Transition("receive_result", _from(HANDED_OVER), DISPOSED, RECEIVE, "接收回传", "Receive the result", system=True),
    Transition("receive_return", _from(HANDED_OVER), RETURNED, RECEIVE, "接收退回", "Receive a return", system=True),
)  # fmt: skip
BY_ACTION: Final = {row.action: row for row in TRANSITIONS}
CREATED: Final = ("register", "登记", "Register")
RECEIVED_BY: Final = {ACCEPTED: "receive", DISPOSED: "receive_result", RETURNED: "receive_return"}
"""The system action that ends a hand-over, by the state that the order arrives in."""


def titles(action: str) -> tuple[str, str]:
    """Return an action's titles; one of a newer release is shown by its name."""
    if action == CREATED[0]:
        return CREATED[1], CREATED[2]
    known = BY_ACTION.get(action)
    return (known.title_zh, known.title_en) if known else (action, action)


def offered() -> tuple[Transition, ...]:
    """Return what people may do, in the order in which it is shown."""
    return tuple(row for row in TRANSITIONS if not row.system)
