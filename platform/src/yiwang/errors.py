"""Errors say who must act, and every one ends with the next command.

A stack trace tells a county's operator nothing. So everything that can be foreseen is one of five kinds: a file to fix,
a rule that refuses, something that does not answer, an environment that is not ready, or a defect of ours. The exit
code of the command line follows from the kind and from nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar


class ExitCode(IntEnum):
    """How a command ends. 退出码。"""

    OK = 0
    PROBLEMS = 1
    USAGE = 2
    DEFINITION = 3
    NOT_READY = 4


EXIT_TITLES: dict[ExitCode, tuple[str, str]] = {
    ExitCode.OK: ("正常", "done, nothing to report"),
    ExitCode.PROBLEMS: ("发现问题", "problems were found, or a rule refused, or something does not answer"),
    ExitCode.USAGE: ("用法错误", "the command was called wrongly"),
    ExitCode.DEFINITION: ("定义无效", "a file of the definition must be fixed"),
    ExitCode.NOT_READY: ("环境未就绪", "this machine or workspace is not ready; nothing was changed"),
}


class YiwangError(Exception):
    """Anything that a person can act on. 可处理的错误。"""

    exit_code: ClassVar[ExitCode] = ExitCode.PROBLEMS
    title: ClassVar[tuple[str, str]] = ("错误", "error")
    next: str

    def __init__(self, message: str, next: str) -> None:
        super().__init__(message)
        self.next = next

    def facts(self) -> dict[str, str]:
        """Return what is known, in the order in which a person wants to read it."""
        return {"what": str(self)}

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        return {"error": type(self).__name__, "exit_code": int(self.exit_code), **self.facts(), "next": self.next}


class DefinitionError(YiwangError):
    """A file of the definition is wrong; whoever wrote it fixes it. 定义错误。"""

    exit_code = ExitCode.DEFINITION
    title = ("定义有误", "the definition is not valid")

    def __init__(
        self,
        path: str | Path,
        line: int | None,
        expectation: str,
        next: str,
        *,
        key: str = "",
        found: str = "",
        others: Sequence[DefinitionError] = (),
    ) -> None:
        self.path, self.line, self.expectation, self.key, self.found = str(path), line, expectation, key, found
        self.others = tuple(others)
        """Further problems of the same reading: one run shows all that must be fixed."""
        super().__init__(self._sentence(), next)

    def _sentence(self) -> str:
        """Return where, what and what was expected, as one line."""
        found = f"{self.found}; " if self.found else ""
        key = f"{self.key}: " if self.key else ""
        return f"{self.place()}: {key}{found}{self.expectation}"

    def place(self) -> str:
        """Return ``file:line`` as editors open it."""
        return self.path if self.line is None else f"{self.path}:{self.line}"

    def facts(self) -> dict[str, str]:
        """Return place, key, what was found and what is expected."""
        facts = {"what": self.found, "where": self.place(), "key": self.key, "expected": self.expectation}
        return {name: text for name, text in facts.items() if text}

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine, with the line as a number."""
        data = super().to_json() | {"path": self.path, "line": self.line}
        return data | ({"others": [other.to_json() for other in self.others]} if self.others else {})


class Refused(YiwangError):
    """A rule forbids it; the message names the rule and who may override it. 已拒绝。"""

    title = ("已拒绝", "refused")

    def __init__(self, rule: str, who: str, next: str) -> None:
        self.rule, self.who = rule, who
        super().__init__(rule, next)

    def facts(self) -> dict[str, str]:
        """Return the rule and who may override it; a name that doesn't exist is nobody's to override."""
        return {"what": self.rule, "who": self.who} if self.who else {"what": self.rule}


class Unreachable(YiwangError):
    """Something does not answer; nothing is known to be wrong with the request. 无法连接。"""

    title = ("无法连接", "unreachable")

    def __init__(self, what: str, since: datetime | str | None, next: str) -> None:
        self.what, self.since = what, since
        super().__init__(what, next)

    def facts(self) -> dict[str, str]:
        """Return what does not answer and since when."""
        if self.since is None:
            return {"what": self.what}
        since = self.since.isoformat(timespec="seconds") if isinstance(self.since, datetime) else self.since
        return {"what": self.what, "since": since}


class Broken(YiwangError):
    """A defect of ours, with the id under which its details were logged. 内部错误。"""

    title = ("内部错误", "this is our defect")

    def __init__(self, id: str, *, what: str = "", next: str = "yiwang status") -> None:
        self.id, self.what = id, what
        super().__init__(f"{what} [{id}]" if what else id, next)

    def facts(self) -> dict[str, str]:
        """Return the id to quote, and what is known."""
        return {"what": self.what, "id": self.id} if self.what else {"id": self.id}


class NotReady(YiwangError):
    """The machine, the workspace or a file is not in the state that the command needs. 未就绪。"""

    exit_code = ExitCode.NOT_READY
    title = ("环境未就绪", "not ready")

    def __init__(self, what: str, next: str) -> None:
        self.what = what
        super().__init__(what, next)
