"""Sign-ins under way and sessions, kept on the server so that they can be ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_session"
down_revision = None


def upgrade() -> None:
    """Create kit.sign_in and kit.session."""
    op.create_table(
        "sign_in",
        sa.Column("state", sa.Text, primary_key=True),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("next", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        schema="kit",
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False, unique=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent", sa.Text, nullable=False, server_default=""),
        schema="kit",
    )
    op.create_index("session_user", "session", ["user_id"], schema="kit")
