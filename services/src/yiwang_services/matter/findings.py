"""What does not fit together in the three lists: unclaimed, unimplemented, orphaned and conflicting entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from yiwang_services.matter.shelves import DIRECTORY, IMPLEMENTATIONS, ITEMS, Shelf

KINDS = {
    "unclaimed": ("无部门认领", "no department claims it"),
    "unimplemented": ("没有实施清单", "nothing implements it"),
    "no_directory": ("所属目录不存在或已失效", "its class is not in the directory"),
    "no_item": ("所属事项不存在或已失效", "its item is not in the list"),
    "same_name": ("同类下名称重复", "two of one class have the same name"),
    "claimed_twice": ("同一事项被多个部门认领", "several departments claim the same thing"),
    "implemented_twice": ("同一事项、区划、单位有多个实施项", "one item, division and unit are implemented twice"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit. 目录问题。"""

    kind: str
    list: str
    code: str
    name: str
    others: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        zh, en = KINDS[self.kind]
        return {"kind": self.kind, "title_zh": zh, "title_en": en, "list": self.list, "code": self.code,
                "name": self.name, "others": list(self.others)}  # fmt: skip


def findings(session: Session, today: date) -> list[Finding]:
    """Return everything that does not fit among what is in force today."""
    directory, items, matters = (in_force(session, shelf, today) for shelf in (DIRECTORY, ITEMS, IMPLEMENTATIONS))
    return judged(directory, items, matters)


def in_force(session: Session, shelf: Shelf, today: date) -> Sequence[Any]:
    """Return the entries of a list that are in force on a day."""
    c = shelf.table.c
    rows = session.execute(select(shelf.table).where(*shelf.where(), c.current).order_by(c.code)).all()
    return [
        row for row in rows if row.effective_from <= today and (row.effective_to is None or row.effective_to >= today)
    ]


def judged(directory: Sequence[Any], items: Sequence[Any], matters: Sequence[Any]) -> list[Finding]:
    """Return what does not fit, pure of any database."""
    classes, known = {row.code for row in directory}, {row.code for row in items}
    implemented = {row.item for row in matters}
    found = [
        Finding("no_directory", "directory", r.code, r.name) for r in directory if r.above and r.above not in classes
    ]
    for row in items:
        if not row.department:
            found.append(Finding("unclaimed", "items", row.code, row.name))
        if row.above not in classes:
            found.append(Finding("no_directory", "items", row.code, row.name))
        if row.code not in implemented:
            found.append(Finding("unimplemented", "items", row.code, row.name))
    found += [Finding("no_item", "matters", r.code, r.name) for r in matters if r.item and r.item not in known]
    found += [_twice("same_name", "items", rows) for rows in _groups(items, lambda r: (r.above, r.name))]
    claimed = [
        rows for rows in _groups(items, lambda r: r.name) if len({r.department for r in rows if r.department}) > 1
    ]
    found += [_twice("claimed_twice", "items", rows) for rows in claimed]
    places = _groups([r for r in matters if r.item], lambda r: (r.item, r.division, r.unit or r.unit_hint, r.name))
    found += [_twice("implemented_twice", "matters", rows) for rows in places]
    return found


def _groups(rows: Iterable[Any], key: Any) -> list[list[Any]]:
    grouped: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[key(row)].append(row)
    return [group for group in grouped.values() if len(group) > 1]


def _twice(kind: str, shelf: str, rows: Sequence[Any]) -> Finding:
    return Finding(kind, shelf, rows[0].code, rows[0].name, tuple(row.code for row in rows[1:]))
