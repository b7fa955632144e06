"""Why an envelope is parked, as a word, so that what an upgrade may cure is tried again by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0102_parking"
down_revision = "0101_exchange"


def upgrade() -> None:
    """Add kit.inbox.cause, and fill it for what earlier releases parked as unknown."""
    op.add_column("inbox", sa.Column("cause", sa.Text, nullable=False, server_default=""), schema="kit")
    op.execute("UPDATE kit.inbox SET cause = 'unknown' WHERE state = 'parked' AND reason LIKE '未知%'")
