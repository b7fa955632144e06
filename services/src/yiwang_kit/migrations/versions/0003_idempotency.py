"""Answers already given, by the caller's idempotency key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_idempotency"
down_revision = "0002_audit"


def upgrade() -> None:
    """Create kit.idempotency."""
    op.create_table(
        "idempotency",
        sa.Column("actor", sa.Uuid, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        schema="kit",
    )
    op.create_index("idempotency_at", "idempotency", ["at"], schema="kit")
