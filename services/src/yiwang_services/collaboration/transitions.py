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

SAME: Final = ""
"""Target of a row that leaves the state as it is."""

SUSPENDED, EXTENSION_ASKED, ARBITRATING, ARBITRATED = "suspended", "extension_asked", "arbitrating", "arbitrated"
MERGED, SUPERVISED, ASSIST_OPEN = "merged", "supervised", "assist_open"
JUST_URGED, REOPEN_OVER, HAS_STORY = "just_urged", "reopen_over", "has_merged"
MARKS: Final = {
    SUSPENDED: ("工单已暂停计时", "the order is suspended", "工单未暂停计时", "the order is not suspended"),
    EXTENSION_ASKED: (
        "延期申请待审批",
        "an extension waits for a decision",
        "没有待审批的延期",
        "no extension was asked for",
    ),
    ARBITRATING: (
        "退回次数已到上限，待裁定",
        "returned too often, an arbiter decides",
        "不需要裁定",
        "there is nothing to decide",
    ),
    ARBITRATED: (
        "已裁定承办单位，不能再退回",
        "an arbiter decided, it cannot be returned",
        "尚未裁定",
        "nothing was decided",
    ),
    MERGED: (
        "工单已并入主工单",
        "the order was merged into another",
        "工单没有并入其他工单",
        "the order was not merged",
    ),
    SUPERVISED: ("工单已在督办", "the order is supervised already", "工单没有督办", "the order is not supervised"),
    ASSIST_OPEN: (
        "协办单位尚未答复",
        "an assisting unit has not answered",
        "没有待答复的协办",
        "no assisting unit was asked",
    ),
    JUST_URGED: ("刚催办过，请稍后", "it was urged a short time ago", "", ""),
    REOPEN_OVER: ("已过重新办理期限", "the days for reopening are over", "", ""),
    HAS_STORY: ("已有工单并入此工单", "other orders were merged into this one", "", ""),
}
"""What an order may carry beside its state: why something is refused with it, and why without it."""

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
    choices: tuple[tuple[str, str, str], ...] = ()
    """Value, Chinese, English: for a choice among words that never change."""
    among: str = ""
    """`helpers` narrows units to those that were asked and have not answered."""


@dataclass(frozen=True)
class Transition:
    """One thing that can happen to a work order. 流转规则。

    An empty target keeps the state.
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
    needs: str = ""
    """A mark that the order must carry."""
    bars: tuple[str, ...] = (SUSPENDED,)
    """Marks under which this is not possible."""
    over: str = ""
    """`assist`: the right is asked over an assisting unit that has not answered, not over the order."""

    @property
    def stays(self) -> bool:
        """Return whether the order keeps its state."""
        return self.target == SAME

    @property
    def note_required(self) -> bool:
        """Return whether the person must say something."""
        return any(field.name == "note" and field.required for field in self.fields)


NOTE = Field("note", "text", "意见", "Note")
REMARK = Field("note", "text", "意见（可选）", "Note (optional)", required=False)
UNIT = Field("unit", "unit", "承办单位", "Responsible unit")
SITE = Field("site", "site", "移交站点", "Site")
HELPER = Field("unit", "unit", "协办单位", "Assisting unit", among="helpers")
UNTIL = Field("until", "moment", "至", "Until")
MAIN = Field("main", "order", "主工单（编号）", "Main order (number)")
POSITION = Field("position", "position", "处置位置（经度,纬度）", "Position (lon,lat)", required=False)
WAITING = Field("reason", "choice", "暂停原因", "Reason", choices=(
    ("reporter", "等待诉求人补充材料", "the reporter brings papers"),
    ("third_party", "等待第三方鉴定或检测", "somebody else examines"),
    ("weather", "天气或现场条件不允许", "weather or the place forbids it"),
    ("procedure", "依法公示、招标等程序", "a procedure the law demands"),
    ("other", "其他", "other"),
))  # fmt: skip
ANSWER = Field("result", "choice", "回访结果", "Result of the call", choices=(
    ("satisfied", "满意", "satisfied"),
    ("dissatisfied", "不满意", "not satisfied"),
    ("unreached", "未联系上", "not reached"),
))  # fmt: skip
LEVEL = Field("level", "choice", "督办级别", "Level", choices=(
    ("attention", "关注", "attention"),
    ("urgent", "重点", "urgent"),
    ("critical", "挂牌", "critical"),
))  # fmt: skip


def _permission(verb: str) -> str:
    return f"collaboration.order.{verb}"


def _from(*states: str) -> frozenset[str]:
    return frozenset(states)


READ, CREATE = _permission("read"), _permission("create")
DISPOSE, VERIFY = _permission("dispose"), _permission("verify")
RECEIVE = _permission("receive")
"""Held by no role: messages alone receive."""
REPORTER = "collaboration.reporter.read"
SUPERVISE, ARBITRATE = _permission("supervise"), _permission("arbitrate")
_OPEN = _from(*(state for state in STATES if state not in TERMINAL and state != HANDED_OVER))

TRANSITIONS: Final = (
    Transition("accept", _from(REGISTERED, RETURNED), ACCEPTED, _permission("accept"), "受理", "Accept", (REMARK,),
               bars=(ARBITRATING,)),
    Transition("decline", _from(REGISTERED), CLOSED, _permission("accept"), "不予受理", "Decline", (NOTE,)),
    Transition("dispatch", _from(ACCEPTED, RETURNED), DISPATCHED, _permission("dispatch"), "分拨", "Dispatch",
               (UNIT, REMARK), unit="set", bars=(ARBITRATING,)),
    Transition("transfer", _from(DISPATCHED, DISPOSING), DISPATCHED, _permission("dispatch"), "转派", "Transfer",
               (UNIT, NOTE), unit="set"),
    Transition("sign", _from(DISPATCHED), DISPOSING, _permission("dispose"), "签收", "Sign for", (REMARK,)),
    Transition("return", _from(DISPATCHED, DISPOSING), RETURNED, _permission("dispose"), "退回", "Return", (NOTE,),
               unit="clear", bars=(SUSPENDED, ARBITRATED)),
    Transition("dispose", _from(DISPOSING), DISPOSED, _permission("dispose"), "处置反馈", "Report disposal",
               (NOTE, POSITION), bars=(SUSPENDED, ASSIST_OPEN)),
    Transition("rework", _from(DISPOSED, VERIFIED), DISPATCHED, _permission("verify"), "核查不通过", "Send back for rework",
               (NOTE,)),
    Transition("verify", _from(DISPOSED), VERIFIED, _permission("verify"), "核查", "Verify", (REMARK,)),
    Transition("close", _from(VERIFIED), CLOSED, _permission("close"), "结案", "Close", (REMARK,)),
    Transition("hand_up", _from(ACCEPTED, RETURNED), HANDED_OVER, _permission("hand_over"), "上报移交", "Hand up",
               (NOTE,), sends="parent", only="parent", arrives_as=ACCEPTED, unit="clear", bars=(ARBITRATING,)),
    Transition("hand_down", _from(ACCEPTED, RETURNED), HANDED_OVER, _permission("hand_over"), "下派移交", "Hand down",
               (SITE, NOTE), sends="child", only="children", arrives_as=ACCEPTED, unit="clear", bars=(ARBITRATING,)),
    Transition("hand_back", _from(DISPOSED), HANDED_OVER, _permission("hand_back"), "办结回传", "Hand back",
               (NOTE,), sends="source", only="source", arrives_as=DISPOSED),
    Transition("return_over", _from(ACCEPTED, RETURNED), HANDED_OVER, _permission("hand_over"), "退回来源站点",
               "Return to the sending site", (NOTE,), sends="source", only="source", arrives_as=RETURNED, unit="clear",
               bars=(ARBITRATING,)),
    Transition("arbitrate", _from(RETURNED), DISPATCHED, ARBITRATE, "裁定承办单位", "Decide the responsible unit",
               (UNIT, NOTE), unit="set", needs=ARBITRATING, bars=()),
    Transition("suspend", _from(DISPATCHED, DISPOSING), SAME, _permission("dispose"), "暂停计时", "Suspend the clock",
               (WAITING, UNTIL, NOTE)),
    Transition("resume", _from(DISPATCHED, DISPOSING), SAME, _permission("dispose"), "恢复计时", "Resume the clock",
               (REMARK,), needs=SUSPENDED, bars=()),
    Transition("ask_assist", _from(DISPOSING), SAME, _permission("dispose"), "请求协办", "Ask another unit", (UNIT, NOTE)),
    Transition("answer_assist", _from(DISPOSING), SAME, _permission("dispose"), "答复协办", "Answer the lead unit",
               (NOTE,), needs=ASSIST_OPEN, bars=(), over="assist"),
    Transition("withdraw_assist", _from(DISPOSING), SAME, _permission("dispose"), "撤回协办", "Withdraw the question",
               (HELPER, REMARK), needs=ASSIST_OPEN, bars=()),
    Transition("request_extension", _from(DISPATCHED, DISPOSING), SAME, _permission("dispose"), "申请延期",
               "Ask for an extension", (UNTIL, NOTE), bars=(EXTENSION_ASKED,)),
    Transition("grant_extension", _from(DISPATCHED, DISPOSING), SAME, _permission("dispatch"), "同意延期",
               "Grant the extension", (REMARK,), needs=EXTENSION_ASKED, bars=()),
    Transition("refuse_extension", _from(DISPATCHED, DISPOSING), SAME, _permission("dispatch"), "不同意延期",
               "Refuse the extension", (NOTE,), needs=EXTENSION_ASKED, bars=()),
    Transition("urge", _OPEN, SAME, _permission("create"), "催办", "Urge", (REMARK,), bars=(JUST_URGED,)),
    Transition("merge", _from(REGISTERED, ACCEPTED, RETURNED), CLOSED, _permission("accept"), "并入主工单",
               "Merge into another", (MAIN, REMARK), unit="clear", bars=(HAS_STORY, ARBITRATING)),
    Transition("unmerge", _from(CLOSED), ACCEPTED, _permission("accept"), "取消合并", "Take out again", (NOTE,),
               needs=MERGED, bars=()),
    Transition("call_back", _from(VERIFIED, CLOSED), SAME, _permission("verify"), "回访", "Call back", (ANSWER, REMARK),
               bars=()),
    Transition("reopen", _from(CLOSED), ACCEPTED, _permission("verify"), "重新办理", "Reopen", (NOTE,), unit="clear",
               bars=(MERGED, REOPEN_OVER)),
    Transition("supervise", _OPEN, SAME, SUPERVISE, "督办", "Supervise", (LEVEL, NOTE), bars=()),
    Transition("lift_supervision", _OPEN, SAME, SUPERVISE, "解除督办", "Lift supervision", (REMARK,), needs=SUPERVISED,
               bars=()),
    Transition("joined", _OPEN, SAME, RECEIVE, "并入工单", "An order was merged into this", system=True),
    Transition("left", _from(*STATES), SAME, RECEIVE, "并入的工单已取出", "A merged order was taken out", system=True),
    Transition("main_closed", _from(CLOSED), SAME, RECEIVE, "主工单已结案", "The main order was closed", system=True),
    Transition("recompute", _from(*STATES), SAME, RECEIVE, "工作日历更新，重算时限", "Limits by the new calendar", system=True),
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
