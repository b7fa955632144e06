"""The exchange's ledgers: what goes out and what came in, by link, incarnation and number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0101_exchange"
down_revision = "0003_idempotency"


def envelope_columns() -> list[sa.Column]:  # type: ignore[type-arg]
    """Return what both ledgers hold of an envelope."""
    return [
        sa.Column("ordinal", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("link_incarnation", sa.Integer),
        sa.Column("seq", sa.BigInteger),
        sa.Column("head", sa.LargeBinary),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("incarnation", sa.Integer),
        sa.Column("n", sa.BigInteger),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("proof", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    ]


def upgrade() -> None:
    """Create kit.outbox, kit.inbox and kit.exchange_peer."""
    op.create_table("outbox", *envelope_columns(), schema="kit")
    op.create_index("outbox_entry", "outbox", ["peer", "link_incarnation", "seq"], unique=True, schema="kit")
    op.create_index(
        "outbox_unsealed", "outbox", ["peer", "ordinal"], schema="kit", postgresql_where=sa.text("seq IS NULL")
    )
    op.create_table(
        "inbox",
        *envelope_columns(),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.Column("recovered", sa.Boolean, nullable=False, server_default=sa.false()),
        schema="kit",
    )
    op.create_index("inbox_entry", "inbox", ["peer", "link_incarnation", "seq"], unique=True, schema="kit")
    op.create_index("inbox_envelope", "inbox", ["id"], schema="kit")
    op.create_index("inbox_waiting", "inbox", ["ordinal"], schema="kit", postgresql_where=sa.text("state = 'stored'"))
    op.create_index(
        "inbox_parked", "inbox", ["key", "ordinal"], schema="kit", postgresql_where=sa.text("state = 'parked'")
    )
    op.create_table(
        "exchange_peer",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("own_incarnation", sa.Integer, nullable=False),
        sa.Column("peer_incarnation", sa.Integer, nullable=False, server_default="0"),
        sa.Column("acked", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("state", sa.Text, nullable=False, server_default="down"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recovering", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("contracts", sa.Text, nullable=False, server_default="{}"),
        sa.Column("last_error", sa.Text, nullable=False, server_default=""),
        schema="kit",
    )
