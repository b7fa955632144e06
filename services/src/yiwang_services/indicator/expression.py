"""The language of formulas: our own, so that nothing is ever evaluated but figures, numbers and four operations.

    count(closed, on_time)                      orders closed in the period, closed within their limit
    count(registered, channel = "hotline")      orders registered in the period through one channel
    sum(closed, bounces)                        a number that orders carry, added up
    ratio(count(closed, on_time), count(closed))
    order.closed - previous(order.closed)       another indicator, and the same a period earlier
    last_year(order.closed)                     the same period a year earlier
    children(order.closed)                      added up over the divisions directly below
    submitted(ratio, 10)                        alone: what units submit within 10 days after the period, and how it rolls up

A parser by recursive descent with a limit of depth; a fault says at which character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

LENGTH_LIMIT, DEPTH_LIMIT, OPERATIONS_LIMIT = 1000, 12, 16
"""Long sums are deep trees too: both limits together bound how deep anything that walks a tree goes."""
FIGURES: Final = ("count", "sum")
SHIFTS: Final = ("previous", "last_year")
RATIO, CHILDREN, SUBMITTED = "ratio", "children", "submitted"
SUM, LATEST = "sum", "latest"
ROLL_UPS: Final = (SUM, LATEST, RATIO)
"""How values of divisions below become one: added up, the newest of each added up (a stock), or Σ above over Σ below."""
DUE_DAYS_LIMIT: Final = 366
SIGNS: Final = {"×": "*", "÷": "/", "−": "-", "（": "(", "）": ")", "，": ","}
"""Signs as people type them in Chinese."""
TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?)|(?P<word>[a-z][a-z0-9_.]{0,59})"
    r'|(?P<text>"[^"\n]{0,60}")|(?P<sign>[-+*/(),=×÷−（），]))'
)


class ExpressionFault(ValueError):
    """A formula that cannot be taken, and where. 公式错误。"""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Number:
    """A number as it is written. 数。"""

    value: Fraction
    at: int = 0


@dataclass(frozen=True)
class Condition:
    """A named filter, or a column that must equal a text. 条件。"""

    name: str
    value: str | None = None


@dataclass(frozen=True)
class Figure:
    """Orders counted, or one of their numbers added up, by the moment that places them in a period. 统计量。"""

    moment: str
    column: str | None
    conditions: tuple[Condition, ...]
    at: int = 0


@dataclass(frozen=True)
class Reference:
    """Another indicator in the same division and period. 引用指标。"""

    code: str
    at: int = 0


@dataclass(frozen=True)
class Operation:
    """Two expressions and a sign between them. 运算。"""

    sign: str
    left: Expression
    right: Expression
    at: int = 0


@dataclass(frozen=True)
class Ratio:
    """One expression over another of the same unit. 比率。"""

    top: Expression
    bottom: Expression
    at: int = 0


@dataclass(frozen=True)
class Shift:
    """An expression in an earlier period. 时段平移。"""

    by: str
    inner: Expression
    at: int = 0


@dataclass(frozen=True)
class Children:
    """An expression added up over the divisions directly below. 下级合计。"""

    inner: Expression
    at: int = 0


@dataclass(frozen=True)
class Submitted:
    """What units submit by period, not what is counted here. 填报值。"""

    roll_up: str
    due_days: int
    """Days after the period within which it is on time."""
    at: int = 0


Expression = Number | Figure | Reference | Operation | Ratio | Shift | Children | Submitted


@dataclass(frozen=True)
class Token:
    """One word of a formula. 词元。"""

    kind: str
    text: str
    at: int


def parse(formula: str) -> Expression:
    """Return the tree of a formula. Raises ExpressionFault."""
    if len(formula) > LENGTH_LIMIT:
        raise ExpressionFault(
            LENGTH_LIMIT, f"公式超过 {LENGTH_LIMIT} 个字符 / a formula has at most {LENGTH_LIMIT} characters"
        )
    reader = _Reader(tokens(formula))
    tree = reader.sum_of(0)
    reader.expect("end")
    return tree


def tokens(formula: str) -> list[Token]:
    """Return the words of a formula, an end mark last. Raises ExpressionFault."""
    found, place, length = [], 0, len(formula.rstrip())
    while place < length:
        match = TOKEN.match(formula, place)
        if match is None:
            at = place + len(formula[place:]) - len(formula[place:].lstrip())
            raise ExpressionFault(at, f"不认识的字符 {formula[at]!r} / a character that no formula holds")
        kind = str(match.lastgroup)
        word = match.group(kind)
        found.append(Token(kind, SIGNS.get(word, word), match.start(kind)))
        place = match.end()
    operations = [token for token in found if token.kind == "sign" and token.text in "+-*/"]
    if len(operations) > OPERATIONS_LIMIT:
        at = operations[OPERATIONS_LIMIT].at
        raise ExpressionFault(
            at, f"运算超过 {OPERATIONS_LIMIT} 个 / a formula has at most {OPERATIONS_LIMIT} operations"
        )
    return [*found, Token("end", "", length)]


class _Reader:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._next = 0

    @property
    def word(self) -> Token:
        return self._words[self._next]

    def take(self) -> Token:
        word = self.word
        self._next += 1
        return word

    def sees(self, *signs: str) -> bool:
        return self.word.kind == "sign" and self.word.text in signs

    def expect(self, wanted: str) -> Token:
        word = self.word
        if wanted in {word.kind, word.text}:
            return word if wanted == "end" else self.take()
        seen = repr(word.text) if word.text else "公式结尾 the end"
        names = {"end": "公式结尾 the end", "word": "名称 a name", "text": '带引号的文本 a text in "…"'}
        raise ExpressionFault(word.at, f"此处应为 {names.get(wanted, wanted)}，而不是 {seen} / expected there")

    def sum_of(self, depth: int) -> Expression:
        left = self.product(depth)
        while self.sees("+", "-"):
            sign = self.take()
            left = Operation(sign.text, left, self.product(depth), sign.at)
        return left

    def product(self, depth: int) -> Expression:
        left = self.factor(depth)
        while self.sees("*", "/"):
            sign = self.take()
            left = Operation(sign.text, left, self.factor(depth), sign.at)
        return left

    def factor(self, depth: int) -> Expression:
        word = self.word
        if depth >= DEPTH_LIMIT:
            raise ExpressionFault(word.at, f"嵌套超过 {DEPTH_LIMIT} 层 / nested deeper than {DEPTH_LIMIT}")
        if word.kind == "number":
            return Number(Fraction(self.take().text), word.at)
        if self.sees("("):
            self.take()
            inner = self.sum_of(depth + 1)
            self.expect(")")
            return inner
        self.expect("word")
        if self.sees("("):
            return self.call(word, depth + 1)
        return Reference(word.text, word.at)

    def call(self, name: Token, depth: int) -> Expression:
        self.expect("(")
        if name.text in FIGURES:
            made: Expression = self.figure(name)
        elif name.text == RATIO:
            top = self.sum_of(depth)
            self.expect(",")
            made = Ratio(top, self.sum_of(depth), name.at)
        elif name.text in SHIFTS:
            made = Shift(name.text, self.sum_of(depth), name.at)
        elif name.text == CHILDREN:
            made = Children(self.sum_of(depth), name.at)
        elif name.text == SUBMITTED:
            made = self.submitted(name)
        else:
            known = ", ".join((*FIGURES, RATIO, *SHIFTS, CHILDREN, SUBMITTED))
            raise ExpressionFault(name.at, f"没有函数 {name.text}，可用：{known} / no such function")
        self.expect(")")
        return made

    def figure(self, name: Token) -> Figure:
        moment, column = self.expect("word").text, None
        if name.text == "sum":
            self.expect(",")
            column = self.expect("word").text
        conditions = []
        while self.sees(","):
            self.take()
            conditions.append(self.condition())
        return Figure(moment, column, tuple(conditions), name.at)

    def submitted(self, name: Token) -> Submitted:
        rule = self.expect("word")
        if rule.text not in ROLL_UPS:
            raise ExpressionFault(rule.at, f"汇总规则应为 {', '.join(ROLL_UPS)} / no such rule of rolling up")
        self.expect(",")
        days = self.expect("number")
        if not days.text.isdigit() or int(days.text) > DUE_DAYS_LIMIT:
            raise ExpressionFault(days.at, f"填报期限应为 0 至 {DUE_DAYS_LIMIT} 天 / days, a whole number")
        return Submitted(rule.text, int(days.text), name.at)

    def condition(self) -> Condition:
        name = self.expect("word").text
        if not self.sees("="):
            return Condition(name)
        self.take()
        return Condition(name, self.expect("text").text[1:-1])


def parts(tree: Expression) -> Iterator[Expression]:
    """Return every node of a tree, itself first."""
    yield tree
    for inner in _inner(tree):
        yield from parts(inner)


def _inner(tree: Expression) -> tuple[Expression, ...]:
    if isinstance(tree, Operation):
        return (tree.left, tree.right)
    if isinstance(tree, Ratio):
        return (tree.top, tree.bottom)
    return (tree.inner,) if isinstance(tree, Shift | Children) else ()


def shifts(tree: Expression) -> int:
    """Return how many shifts of the period stand inside one another."""
    return isinstance(tree, Shift) + max((shifts(inner) for inner in _inner(tree)), default=0)


def references(tree: Expression) -> tuple[str, ...]:
    """Return the codes of the indicators that a formula names, each once, in order."""
    return tuple(dict.fromkeys(node.code for node in parts(tree) if isinstance(node, Reference)))
