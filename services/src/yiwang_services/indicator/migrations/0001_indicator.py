"""Definitions as versions that never change, the values computed by them, the runs that computed; and the public views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_indicator"
down_revision = None
SCHEMA = "indicator"
AT = sa.DateTime(timezone=True)

VALUE = """
    SELECT v.id, d.code, d.version, d.name, d.name_en, d.unit, v.division, v.period, v.starts, v.ends, v.value,
           v.numerator, v.denominator, v.reason, v.data_time, v.computed_at
    FROM indicator.value v JOIN indicator.definition d ON d.id = v.definition
    WHERE d.state = 'published'"""


def upgrade() -> None:
    """Create the tables, then the published view."""
    content()
    definition()
    value()
    op.create_table(
        "run",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("data_time", AT, nullable=False),
        sa.Column("computed", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("run_time", "run", ["data_time"], schema=SCHEMA)
    op.execute("CREATE SCHEMA indicator_public")
    op.execute(f"CREATE VIEW indicator_public.v1_value AS {VALUE}")


def content() -> None:
    """Create indicator.content: which pack was loaded."""
    op.create_table(
        "content",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("loaded_at", AT, nullable=False),
        schema=SCHEMA,
    )


def definition() -> None:
    """Create indicator.definition: of a code at most one version is published."""
    words = ("origin", "state", "name", "name_en", "formula", "caliber", "period", "unit", "owner", "source",
             "created_by")  # fmt: skip
    op.create_table(
        "definition",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in words),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("published_at", AT),
        sa.Column("retired_at", AT),
        sa.UniqueConstraint("code", "version", name="definition_once"),
        schema=SCHEMA,
    )
    op.create_index("definition_published", "definition", ["code"], unique=True, schema=SCHEMA,
                    postgresql_where=sa.text("state = 'published'"))  # fmt: skip


def value() -> None:
    """Create indicator.value: one a version, division and period."""
    op.create_table(
        "value",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("definition", sa.Uuid, sa.ForeignKey("indicator.definition.id"), nullable=False),
        sa.Column("division", sa.Text(collation="C"), nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("starts", sa.Date, nullable=False),
        sa.Column("ends", sa.Date, nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.Column("numerator", sa.Float(53)),
        sa.Column("denominator", sa.Float(53)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("data_time", AT, nullable=False),
        sa.Column("computed_at", AT, nullable=False),
        sa.UniqueConstraint("definition", "division", "starts", name="value_once"),
        schema=SCHEMA,
    )
