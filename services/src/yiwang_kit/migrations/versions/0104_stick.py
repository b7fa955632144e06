"""A neighbour restored behind a stick asks in writing for what its earlier lives had sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0104_stick"
down_revision = "0103_attachment"


def upgrade() -> None:
    """Add kit.exchange_peer.asked_back: numbers by incarnation, as JSON text."""
    op.add_column("exchange_peer", sa.Column("asked_back", sa.Text, nullable=False, server_default="{}"), schema="kit")
