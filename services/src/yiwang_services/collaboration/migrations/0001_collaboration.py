"""Work orders, their trace, the sites that follow them, and the counters of printed numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_collaboration"
down_revision = None
SCHEMA = "collaboration"


def upgrade() -> None:
    """Create the service's four tables."""
    work_order()
    op.create_table(
        "trace",
        sa.Column("work_order", sa.Uuid, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("site_name", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text, nullable=False),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "follower",
        sa.Column("work_order", sa.Uuid, primary_key=True),
        sa.Column("site", sa.Text, primary_key=True),
        schema=SCHEMA,
    )
    op.create_table(
        "counter",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
        schema=SCHEMA,
    )


def work_order() -> None:
    """Create collaboration.work_order with what lists sort and filter by."""
    op.create_table(
        "work_order",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Text(collation="C"), nullable=False, unique=True),
        sa.Column("matter", sa.Text(collation="C"), nullable=False),
        sa.Column("matter_name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("reporter_name", sa.Text, nullable=False),
        sa.Column("reporter_phone", sa.Text, nullable=False),
        sa.Column("division", sa.Text(collation="C"), nullable=False),
        sa.Column("division_name", sa.Text, nullable=False),
        sa.Column("scope_division", sa.Text(collation="C"), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("longitude", sa.Float),
        sa.Column("latitude", sa.Float),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner_site", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("unit", sa.Uuid),
        sa.Column("unit_name", sa.Text, nullable=False),
        sa.Column("created_by", sa.Uuid),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_basis", sa.Text, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        schema=SCHEMA,
    )
    for name, columns in (
        ("work_order_created", ["created_at", "id"]),
        ("work_order_updated", ["updated_at", "id"]),
        ("work_order_due", ["due_at", "id"]),
        ("work_order_place", ["scope_division", "state"]),
        ("work_order_unit", ["unit", "state"]),
    ):
        op.create_index(name, "work_order", columns, schema=SCHEMA)
