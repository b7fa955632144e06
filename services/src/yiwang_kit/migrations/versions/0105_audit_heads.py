"""The signed heads of the trails of the sites below, kept where those sites cannot reach them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0105_audit_heads"
down_revision = "0104_stick"


def upgrade() -> None:
    """Create kit.audit_head_below and kit.audit_head_sent."""
    op.create_table(
        "audit_head_below",
        sa.Column("site", sa.Text(collation="C"), primary_key=True),
        sa.Column("incarnation", sa.Integer, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        schema="kit",
    )
    op.create_table(
        "audit_head_sent",
        sa.Column("one", sa.Boolean, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
        schema="kit",
    )
