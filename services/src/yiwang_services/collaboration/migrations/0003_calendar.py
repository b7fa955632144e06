"""Which working calendars the limits of running orders have been computed with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_calendar"
down_revision = "0002_depth"
SCHEMA = "collaboration"


def upgrade() -> None:
    """Create collaboration.calendar_use."""
    op.create_table(
        "calendar_use",
        sa.Column("id", sa.Text(collation="C"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
