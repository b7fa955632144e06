"""What units submit, what sites below report, how far this site has reported; and the published view of definitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_submissions"
down_revision = "0001_indicator"
SCHEMA = "indicator"
AT = sa.DateTime(timezone=True)

DEFINITION = """
    SELECT d.id, d.code, d.version, d.origin, d.name, d.name_en, d.formula, d.caliber, d.period, d.unit, d.owner, d.source,
           d.published_at
    FROM indicator.definition d
    WHERE d.state = 'published'"""


def upgrade() -> None:
    """Create the tables, then the published view."""
    submission()
    reported()
    op.create_table(
        "pushed",
        sa.Column("peer", sa.Text(collation="C"), primary_key=True),
        sa.Column("computed_at", AT, nullable=False),
        schema=SCHEMA,
    )
    op.execute(f"CREATE VIEW indicator_public.v1_definition AS {DEFINITION}")


def figures() -> list[sa.Column[float]]:
    """Return the columns of a value and what it is made of."""
    return [sa.Column(name, sa.Float(53)) for name in ("value", "numerator", "denominator")]


def submission() -> None:
    """Create indicator.submission: revisions of a division's value of a period; none is ever changed into another."""
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("division", sa.Text(collation="C"), nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("starts", sa.Date, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        *figures(),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("due", sa.Date, nullable=False),
        sa.Column("submitted_by", sa.Text, nullable=False),
        sa.Column("submitted_at", AT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", AT),
        sa.Column("reason", sa.Text, nullable=False),
        sa.UniqueConstraint("code", "division", "starts", "revision", name="submission_once"),
        schema=SCHEMA,
    )


def reported() -> None:
    """Create indicator.reported: the newest value that a site below reported of itself."""
    op.create_table(
        "reported",
        sa.Column("site", sa.Text(collation="C"), primary_key=True),
        sa.Column("code", sa.Text(collation="C"), primary_key=True),
        sa.Column("starts", sa.Date, primary_key=True),
        sa.Column("division", sa.Text(collation="C"), nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("ends", sa.Date, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        *figures(),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("data_time", AT, nullable=False),
        sa.Column("arrived_at", AT, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("reported_code", "reported", ["code", "division", "starts"], schema=SCHEMA)
