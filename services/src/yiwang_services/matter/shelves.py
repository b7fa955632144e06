"""The three lists of the catalogue, one way for all: draft, review by another person, publication, the next version.

Basic directory 基本目录 (classification rules) → item list 事项清单 (departments claim) → implementation list 实施清单 (place,
unit, conditions, limits, evidence: the matters). A published version never changes; what ends an entry is a version with an
end and what to use instead, reviewed like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, func, insert, or_, select, update
from sqlalchemy.orm import Session

from yiwang_kit.errors import Conflict, Forbidden, NotFound
from yiwang_kit.ids import uuid7
from yiwang_services.matter import tables as t
from yiwang_services.packs import Pack

DRAFT, IN_REVIEW, PUBLISHED, REFUSED = STATES = ("draft", "in_review", "published", "refused")
LOCAL = "local"
KEPT: Final = (
    "id",
    "code",
    "list",
    "version",
    "current",
    "origin",
    "state",
    "created_by",
    "created_at",
    "reviewed_by",
    "note",
)
"""Columns that say how a version came to be, not what it says."""


@dataclass(frozen=True)
class Shelf:
    """One of the three lists. 目录。"""

    name: str
    title_zh: str
    title_en: str
    table: Table
    list: str = ""
    """Its word in the shared table; empty where the table is its own."""

    def where(self, code: str | None = None) -> list[ColumnElement[bool]]:
        """Return the conditions of this list, and of one entry."""
        c = self.table.c
        found = [c.list == self.list] if self.list else []
        return [*found, c.code == code] if code is not None else found


DIRECTORY = Shelf("directory", "基本目录", "basic directory", t.entries, "directory")
ITEMS = Shelf("items", "事项清单", "item list", t.entries, "item")
IMPLEMENTATIONS = Shelf("matters", "实施清单", "implementation list", t.versions)
SHELVES: Final = (DIRECTORY, ITEMS, IMPLEMENTATIONS)


def newest(session: Session, shelf: Shelf, code: str) -> int:
    """Return the number of an entry's newest version, 0 where there is none."""
    c = shelf.table.c
    return int(session.execute(select(func.max(c.version)).where(*shelf.where(code))).scalar() or 0)


def history(session: Session, shelf: Shelf, code: str) -> Sequence[Any]:
    """Return every version of an entry, newest first. Raises NotFound."""
    c = shelf.table.c
    rows = session.execute(select(shelf.table).where(*shelf.where(code)).order_by(c.version.desc())).all()
    if not rows:
        raise NotFound(f"{shelf.title_zh}中没有 {code} / no such entry in the {shelf.title_en}",
                       next=f"GET /api/matter/v1/{shelf.name}")  # fmt: skip
    return rows


def version(session: Session, shelf: Shelf, code: str, number: int, *, lock: bool = False) -> Any:
    """Return one version. Raises NotFound."""
    query = select(shelf.table).where(*shelf.where(code), shelf.table.c.version == number)
    row = session.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound(
            f"没有 {code} 的第 {number} 版 / no such version", next=f"GET /api/matter/v1/{shelf.name}/{code}"
        )
    return row


def draft(session: Session, shelf: Shelf, code: str, said: Mapping[str, Any], by: str, now: datetime) -> int:
    """Add a draft; return its number. Raises Conflict while another one is open."""
    c = shelf.table.c
    session.execute(select(c.id).where(*shelf.where(code)).with_for_update()).all()
    waiting = session.execute(select(c.version).where(*shelf.where(code), c.state.in_([DRAFT, IN_REVIEW]))).scalar()
    if waiting is not None:
        raise Conflict(f"{code} 的第 {waiting} 版尚在起草或审核 / version {waiting} is still being written or reviewed",
                       next="先发布或退回它 / publish or refuse it first")  # fmt: skip
    number = newest(session, shelf, code) + 1
    values = {**said, "code": code, "version": number, "current": False, "origin": LOCAL, "state": DRAFT,
              "created_by": by, "created_at": now, "reviewed_by": "", "note": ""}  # fmt: skip
    session.execute(insert(shelf.table).values(id=uuid7(), **values, **({"list": shelf.list} if shelf.list else {})))
    return number


def hand_in(session: Session, shelf: Shelf, code: str, number: int) -> None:
    """Hand a draft in for review. Raises Conflict for anything else."""
    row = in_state(version(session, shelf, code, number, lock=True), DRAFT)
    session.execute(update(shelf.table).where(shelf.table.c.id == row.id).values(state=IN_REVIEW))


def review(session: Session, shelf: Shelf, code: str, number: int, *, by: str, publish: bool, note: str) -> None:
    """Publish a version or refuse it, as another person than the one who wrote it. Raises Conflict, Forbidden."""
    row = in_state(version(session, shelf, code, number, lock=True), IN_REVIEW)
    if row.created_by == by:
        raise Forbidden(
            "不能审核自己起草的版本 / nobody reviews their own draft", next="请另一位审核人办理 / ask another reviewer"
        )
    c, state = shelf.table.c, PUBLISHED if publish else REFUSED
    if publish:
        session.execute(update(shelf.table).where(*shelf.where(code), c.current).values(current=False))
    values = {"state": state, "current": publish, "reviewed_by": by, "note": note}
    session.execute(update(shelf.table).where(c.id == row.id).values(**values))


def in_state(row: Any, state: str) -> Any:
    """Return a version. Raises Conflict where it is in another state."""
    if row.state != state:
        raise Conflict(f"第 {row.version} 版是 {row.state}，不是 {state} / this version is {row.state}", next="刷新后查看 / reload",
                       state=row.state)  # fmt: skip
    return row


def difference(shelf: Shelf, before: Any, after: Any) -> list[dict[str, Any]]:
    """Return every column in which two versions differ."""
    names = [column.name for column in shelf.table.columns if column.name not in KEPT]
    return [{"field": name, "before": shown(getattr(before, name)), "after": shown(getattr(after, name))}
            for name in names if getattr(before, name) != getattr(after, name)]  # fmt: skip


def shown(value: Any) -> Any:
    """Return a column as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


def page(session: Session, shelf: Shelf, *, words: str | None, state: str | None, on: date | None, above: str | None,
         after: str | None, limit: int) -> Sequence[Any]:  # fmt: skip
    """Return one page in the order of codes: what is in force, or the versions in one state."""
    c = shelf.table.c
    query = select(shelf.table).where(*shelf.where(), c.current if state in (None, PUBLISHED) else c.state == state)
    if words:
        held = escaped(words)
        query = query.where(or_(c.name.like(held, escape="\\"), c.code.like(held, escape="\\")))
    if on:
        query = query.where(c.effective_from <= on, or_(c.effective_to.is_(None), c.effective_to >= on))
    if above is not None:
        query = query.where((c.above if shelf.list else c.item) == above)
    if after:
        query = query.where(c.code > after)
    return session.execute(query.order_by(c.code, c.version).limit(limit)).all()


def escaped(words: str) -> str:
    """Return "holds these words" for LIKE, where % and _ are only characters."""
    plain = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"


# What a release brings ------------------------------------------------------------------------------------------------


def load(session: Session, installed: Pack, now: datetime) -> None:
    """Install the directory and the items of a release; an entry that this site published itself stands."""
    for shelf, file in ((DIRECTORY, "directory.json"), (ITEMS, "items.json")):
        if not (installed.folder / file).is_file():
            continue
        known = set(session.execute(select(shelf.table.c.code).where(*shelf.where()).distinct()).scalars())
        rows = installed.json(file)
        for row in rows:
            if row["code"] in known:
                keep(session, shelf, row, installed.id, "release", now)
        fresh = [first_version(shelf, row, installed.id, "release", now) for row in rows if row["code"] not in known]
        if fresh:
            session.execute(insert(shelf.table), fresh)


def keep(session: Session, shelf: Shelf, row: Mapping[str, Any], origin: str, by: str, now: datetime) -> None:
    """Publish an entry from outside, unless a local one stands or it says nothing new."""
    c, said = shelf.table.c, content_of(row)
    standing = session.execute(select(shelf.table).where(*shelf.where(row["code"]), c.current)).first()
    if standing is not None and (standing.origin == LOCAL or all(getattr(standing, k) == v for k, v in said.items())):
        return
    session.execute(update(shelf.table).where(*shelf.where(row["code"]), c.current).values(current=False))
    number = newest(session, shelf, row["code"]) + 1
    session.execute(insert(shelf.table).values(**{**first_version(shelf, row, origin, by, now), "version": number}))


def first_version(shelf: Shelf, row: Mapping[str, Any], origin: str, by: str, now: datetime) -> dict[str, Any]:
    """Return the columns of an entry from outside, as the first version of its code."""
    return {"id": uuid7(), "list": shelf.list, "code": row["code"], "version": 1, "current": True, "origin": origin,
            "state": PUBLISHED, "created_by": by, "created_at": now, "reviewed_by": by, "note": "", **content_of(row)}  # fmt: skip


def content_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of an entry of the two upper lists."""
    words = {name: str(row.get(name, "")) for name in
             ("name", "name_en", "above", "rule", "department", "source", "clause", "instead")}  # fmt: skip
    ends = row.get("effective_to")
    return {**words, "sample": bool(row.get("sample", False)), "effective_from": date.fromisoformat(row["effective_from"]),
            "effective_to": date.fromisoformat(ends) if ends else None}  # fmt: skip
