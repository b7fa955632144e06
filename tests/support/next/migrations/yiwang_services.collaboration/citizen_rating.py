"""A citizen's rating of how an order was handled: one nullable column, and an index made while the hub serves."""

from __future__ import annotations

from alembic import op

revision = "@REVISION@"
down_revision = "@HEAD@"


def upgrade() -> None:
    """Add the column, then the index in a step of its own; an interrupted run is repeated from the start."""
    op.execute("ALTER TABLE collaboration.work_order ADD COLUMN IF NOT EXISTS citizen_rating smallint")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX IF EXISTS collaboration.work_order_citizen_rating")
        op.execute("CREATE INDEX CONCURRENTLY work_order_citizen_rating ON collaboration.work_order (citizen_rating)")
        op.execute("SET lock_timeout = '3s'")
