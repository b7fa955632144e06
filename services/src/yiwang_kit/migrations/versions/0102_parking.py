"""Why an envelope is parked, as a word, so that what an upgrade may cure is tried again by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0102_parking"
down_revision = "0101_exchange"


def upgrade() -> None:
    """Add kit.inbox.cause."""
    op.add_column("inbox", sa.Column("cause", sa.Text, nullable=False, server_default=""), schema="kit")
