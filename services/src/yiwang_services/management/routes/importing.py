"""Units and people from a workbook: checked row by row as if each were typed in, and taken in whole or not at all.

The check and the import are the same work in one transaction; after a check, or with a single fault, it is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import allowed, require_allowed
from yiwang_kit.errors import Problem
from yiwang_services.management import roles, store, units
from yiwang_services.management.domain import LOGIN, NAME_LIMIT, QUICK_LOG_N, generate_password, hash_password
from yiwang_services.management.routes.common import EDIT_UNIT, EDIT_USER, Authority, Run, refuse_self
from yiwang_services.management.routes.units import check_place
from yiwang_services.management.workbook import ColumnRule, Line, Table

NAME = re.compile(rf"[^\x00-\x1f\x7f]{{1,{NAME_LIMIT}}}")
CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")
DEEPEST = 20
"""How many levels one file may hang below what is there already."""
CODE_ZH, CODE_EN = "1 至 40 位字母、数字、点、横线", "1 to 40 letters, digits, dots or dashes"
UNIT_COLUMNS = (
    ColumnRule("code", "机构编码", "code", CODE, CODE_ZH, CODE_EN),
    ColumnRule("name", "机构名称", "name", NAME, f"不超过 {NAME_LIMIT} 字", f"at most {NAME_LIMIT} characters"),
    ColumnRule("division", "区划代码", "division", re.compile(r"[0-9]{6,12}"), "6 至 12 位数字", "6 to 12 digits"),
    ColumnRule(
        "kind", "机构类型", "kind", re.compile(r"[a-z]{2,20}"), "小写英文，如 bureau", "small letters, e.g. bureau"
    ),
    ColumnRule("parent", "上级机构编码", "parent", CODE, CODE_ZH, CODE_EN, required=False),
)
USER_COLUMNS = (
    ColumnRule(
        "login",
        "用户名",
        "login",
        LOGIN,
        "2 至 40 位小写字母、数字、点、横线",
        "2 to 40 small letters, digits, dots, dashes",
    ),
    ColumnRule("name", "姓名", "name", NAME, f"不超过 {NAME_LIMIT} 字", f"at most {NAME_LIMIT} characters"),
    ColumnRule("unit", "机构编码", "unit", CODE, CODE_ZH, CODE_EN),
)
EXAMPLES = {
    "units": [["GZ-CGJ-01", "城管局一中队", "441721", "team", "GZ-CGJ"]],
    "users": [["li.na", "李娜", "GZ-CGJ-01"]],
}


@dataclass
class Taken:
    """What an import did or would do. 导入结果。"""

    added: int = 0
    changed: int = 0
    same: int = 0
    passwords: list[dict[str, str]] = field(default_factory=list)


class Import:
    """One import under way: who asks, in which transaction, with what was looked up already. 导入。"""

    def __init__(self, run: Run, session: Session, actor: Actor, table: Table) -> None:
        self._run, self._session, self._actor, self._table = run, session, actor, table
        self._now = run.clock.now()
        self._authority: Authority | None = None
        self._units: dict[str, Any] = {}
        self._may: dict[tuple[str, UUID], bool] = {}
        self._places: dict[tuple[str, str], Problem | None] = {}
        self.taken = Taken()

    def units(self) -> None:
        """Take in units; a parent may stand in any row."""
        units.lock(self._session)
        waiting = self._unique("code")
        for _ in range(DEEPEST):
            if not waiting:
                return
            codes = {line.values["code"] for line in waiting}
            ready = [line for line in waiting if line.values.get("parent", "") not in codes]
            if not ready:
                break
            for line in ready:
                self._each(line, "code", self._unit)
            kept = {line.row for line in ready}
            waiting = [line for line in waiting if line.row not in kept]
        for line in waiting:
            self._table.fault_at(
                line, "parent", f"上下级成环，或超过 {DEEPEST} 层", f"a circle, or deeper than {DEEPEST} levels"
            )

    def users(self) -> None:
        """Take in people."""
        for line in self._unique("login"):
            self._each(line, "login", self._user)

    def _each(self, line: Line, key: str, work: Callable[[Line], None]) -> None:
        """Do one line; a refusal becomes the fault of a cell."""
        try:
            work(line)
        except Problem as problem:
            named = next((e["field"] for e in problem.errors if e["field"] in line.cells), key)
            zh, _, en = problem.detail.partition(" / ")
            self._table.fault_at(line, named, zh, en)

    def _unique(self, key: str) -> list[Line]:
        seen: dict[str, int] = {}
        kept = []
        for line in self._table.lines:
            first = seen.setdefault(line.values[key], line.row)
            if first == line.row:
                kept.append(line)
            else:
                self._table.fault_at(line, key, f"与第 {first} 行重复", f"the same as in row {first}")
        return kept

    # Units ------------------------------------------------------------------------------------------------------------

    def _unit(self, line: Line) -> None:
        said = line.values
        parent, present = self._parent(line), self._found(said["code"])
        if parent is None:
            return
        if present is None:
            self._require(EDIT_UNIT, parent.id)
            self._check_place(parent, said["division"])
            made = units.add(self._session, by=self._actor.login, now=self._now, code=said["code"], name=said["name"],
                             division=said["division"], kind=said["kind"], parent=parent.id)  # fmt: skip
            self._units[said["code"]] = made
            self.taken.added += 1
        else:
            self._change_unit(line, present, parent)

    def _change_unit(self, line: Line, present: Any, parent: Any) -> None:
        values = {name: line.values[name] for name in ("name", "kind") if line.values[name] != getattr(present, name)}
        if line.values["division"] != present.division:
            self._table.fault_at(
                line, "division", "已有机构的区划须在页面上变更", "change an existing unit's division on its page"
            )
            return
        moves = present.parent is not None and parent.id != present.parent
        if not values and not moves:
            self.taken.same += 1
            return
        self._require(EDIT_UNIT, present.id)
        if moves:
            for place in (present.parent, parent.id):
                self._require(EDIT_UNIT, place)
            for division in units.divisions_below(self._session, present.id):
                self._check_place(parent, division)
            present = units.move(self._session, present, parent, by=self._actor.login, reason="import", now=self._now)
        if values:
            present = units.change(
                self._session, present.id, by=self._actor.login, reason="import", now=self._now, **values
            )
        self._units[line.values["code"]] = present
        self.taken.changed += 1

    def _parent(self, line: Line) -> Any:
        code = line.values.get("parent", "")
        found = self._found(code) if code else store.root_unit(self._session)
        if found is None or not found.active:
            self._table.fault_at(line, "parent", f"没有编码为 {code} 的机构，或已停用", "no such unit, or it is closed")
            return None
        return found

    def _check_place(self, parent: Any, division: str) -> None:
        """Refuse a division that this person may not put here; asked once for each pair of divisions."""
        key = (parent.division, division)
        if key not in self._places:
            try:
                check_place(self._session, self._actor, parent, [division])
                self._places[key] = None
            except Problem as problem:
                self._places[key] = problem
        refused = self._places[key]
        if refused is not None:
            raise refused

    # People -----------------------------------------------------------------------------------------------------------

    def _user(self, line: Line) -> None:
        said, unit = line.values, self._found(line.values["unit"])
        if unit is None or not unit.active:
            self._table.fault_at(
                line, "unit", f"没有编码为 {said['unit']} 的机构，或已停用", "no such unit, or it is closed"
            )
            return
        present = store.person_by_login(self._session, said["login"])
        if present is not None:
            self._change_user(line, present, unit)
            return
        self._require(EDIT_USER, unit.id)
        password = generate_password()
        store.add_person(self._session, login=said["login"], name=said["name"], home_unit=unit.id, must_change=True,
                         password=hash_password(password, log_n=QUICK_LOG_N), sample=False, now=self._now)  # fmt: skip
        self.taken.passwords.append({"login": said["login"], "password": password})
        self.taken.added += 1

    def _change_user(self, line: Line, present: Any, unit: Any) -> None:
        moves, renamed = present.home_unit != unit.id, present.name != line.values["name"]
        if not moves and not renamed:
            self.taken.same += 1
            return
        require_allowed(self._session, self._actor, EDIT_USER, unit=present.home_unit)
        refuse_self(self._actor, present.id)
        if moves:
            self._require(EDIT_USER, unit.id)
            self._authority = self._authority or Authority(self._session, self._actor)
            self._authority.require_over(present.id)
            roles.strip(self._session, present.id)
            store.set_home(self._session, present.id, unit.id)
        if renamed:
            store.set_name(self._session, present.id, line.values["name"])
        self.taken.changed += 1

    # Looking up -------------------------------------------------------------------------------------------------------

    def _found(self, code: str) -> Any:
        if code not in self._units:
            self._units[code] = units.coded(self._session, code)
        return self._units[code]

    def _require(self, permission: str, unit: UUID) -> None:
        key = (permission, unit)
        if key not in self._may:
            self._may[key] = allowed(self._session, self._actor, permission, unit=unit)
        if not self._may[key]:
            require_allowed(self._session, self._actor, permission, unit=unit)
