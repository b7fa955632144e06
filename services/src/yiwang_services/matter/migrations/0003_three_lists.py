"""Three lists: basic directory, items, implementations; each version drafted by one person and published by another.

Implementations are the matters that were here before: their versions learn a state, who reviewed them, and the columns of
an implementation list. The third view says what to use instead of a matter that has ended; the first two stay.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_three_lists"
down_revision = "0002_stages"
SCHEMA = "matter"
WORDS = ("reviewed_by", "note", "instead", "item", "division", "unit", "filing", "disposal", "closing", "form")

CURRENT = """
    SELECT v.id, v.code, v.version, v.origin, v.name, v.name_en, v.category, v.unit_hint, v.conditions,
           v.limit_kind, v.limit_amount, v.limit_unit, v.effective_from, v.effective_to, v.source, v.sample,
           v.stages, v.photos_demanded, v.position_demanded, v.instead, v.item, v.division, v.unit, v.form
    FROM matter.matter_version v
    WHERE v.current"""


def upgrade() -> None:
    """Add the columns and the table of the two upper lists, then the view."""
    op.add_column(
        "matter_version", sa.Column("state", sa.Text, nullable=False, server_default="published"), schema=SCHEMA
    )
    for name in WORDS:
        op.add_column("matter_version", sa.Column(name, sa.Text, nullable=False, server_default=""), schema=SCHEMA)
    entries()
    op.create_table(
        "told",
        sa.Column("site", sa.Text(collation="C"), primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.execute(f"CREATE VIEW matter_public.v3_matter AS {CURRENT}")


def entries() -> None:
    """Create matter.entry: versions of the basic directory and of the item list."""
    words = ("name", "name_en", "above", "rule", "department", "source", "clause", "origin", "state", "created_by",
             "reviewed_by", "note", "instead")  # fmt: skip
    op.create_table(
        "entry",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("list", sa.Text(collation="C"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in words),
        sa.Column("sample", sa.Boolean, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("list", "code", "version", name="entry_once"),
        schema=SCHEMA,
    )
    op.create_index("entry_current", "entry", ["list", "code"], unique=True, schema=SCHEMA,
                    postgresql_where=sa.text("current"))  # fmt: skip
