"""Matters as versions: rows of content packs that never change, and local versions beside them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_matter"
down_revision = None
SCHEMA = "matter"

CURRENT = """
    SELECT v.id, v.code, v.version, v.origin, v.name, v.name_en, v.category, v.unit_hint, v.conditions,
           v.limit_kind, v.limit_amount, v.limit_unit, v.effective_from, v.effective_to, v.source, v.sample
    FROM matter.matter_version v
    WHERE v.current"""


def upgrade() -> None:
    """Create matter.content, matter.matter_version and the published view."""
    op.create_table(
        "content",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "matter_version",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("unit_hint", sa.Text, nullable=False),
        sa.Column("conditions", sa.Text, nullable=False),
        sa.Column("limit_kind", sa.Text, nullable=False),
        sa.Column("limit_amount", sa.Integer, nullable=False),
        sa.Column("limit_unit", sa.Text, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("sample", sa.Boolean, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("code", "version", name="matter_version_once"),
        schema=SCHEMA,
    )
    op.create_index("matter_current", "matter_version", ["code"], unique=True, schema=SCHEMA,
                    postgresql_where=sa.text("current"))  # fmt: skip
    op.execute("CREATE SCHEMA matter_public")
    op.execute(f"CREATE VIEW matter_public.v1_matter AS {CURRENT}")
