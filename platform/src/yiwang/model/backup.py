"""What a backup says of itself: whose data, under which release, and how to see that all of it came back."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from yiwang.model.release import Record, Sha256, canonical
from yiwang.model.trust import SiteId

BACKUP_SUFFIX = ".yiwang-backup"
MANIFEST_MEMBER, SIGNATURE_MEMBER, DUMP_MEMBER = "manifest.json", "signature.json", "hub.dump"
ATTACHMENTS_PREFIX = "attachments/"
LIVES_MEMBER = "statements.json"
"""The site's own public statements, by which what its earlier lives signed is believed when neighbours give it back."""


class TableFigures(Record):
    """How many rows a table has, and the sum of their hashes, which does not depend on their order. 表指纹。"""

    rows: int = Field(ge=0)
    hash: str
    """Sum of the first 64 bits of each row's MD5, as a decimal number: it finds damage, it is no signature."""


class BackupMember(Record):
    """One file inside a backup. 备份成员。"""

    path: str
    size: int = Field(ge=0)
    sha256: Sha256


class BackupManifest(Record):
    """A site's data at one moment: database and attachments, never identity keys. 备份清单。"""

    schema_: Literal[1] = Field(1, alias="schema")
    site: SiteId
    incarnation: int = Field(ge=1)
    release: str
    made_at: AwareDatetime
    engine: str
    """Version of PostgreSQL that wrote the dump."""
    roles: tuple[str, ...]
    """Service roles that the dump names."""
    tables: dict[str, TableFigures]
    """By `schema.table`, read from the copy that was restored on trial before this was called a backup."""
    members: tuple[BackupMember, ...]

    def canonical_bytes(self) -> bytes:
        """Return what is signed."""
        return canonical(self.model_dump(mode="json", by_alias=True))

    def rows(self) -> int:
        """Return how many rows there are in all."""
        return sum(figures.rows for figures in self.tables.values())


def differences(promised: dict[str, TableFigures], found: dict[str, TableFigures]) -> tuple[str, ...]:
    """Return the tables that did not come back as they were, each with what is wrong."""
    wrong = []
    for name in sorted({*promised, *found}):
        before, now = promised.get(name), found.get(name)
        if before == now:
            continue
        wrong.append(f"{name}: {_said(before)} → {_said(now)}")
    return tuple(wrong)


def _said(figures: TableFigures | None) -> str:
    return "没有 absent" if figures is None else f"{figures.rows} 行 rows #{figures.hash[-8:]}"
