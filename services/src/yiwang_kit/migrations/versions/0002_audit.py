"""The audit trail: an SM3 hash chain that only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_audit"
down_revision = "0001_session"


def upgrade() -> None:
    """Create kit.audit and the one row that holds its head."""
    op.create_table(
        "audit",
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object_type", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        schema="kit",
    )
    op.create_index("audit_object", "audit", ["object_type", "object_id"], schema="kit")
    head = op.create_table(
        "audit_head",
        sa.Column("one", sa.Boolean, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        schema="kit",
    )
    op.bulk_insert(head, [{"one": True, "n": 0, "digest": bytes(32)}])
