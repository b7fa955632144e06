"""Attachments: files by digest, what they belong to, and which neighbour may fetch which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0103_attachment"
down_revision = "0102_parking"


def upgrade() -> None:
    """Create kit.attachment_file, kit.attachment and kit.attachment_offer."""
    op.create_table(
        "attachment_file",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("here", sa.Boolean, nullable=False),
        sa.Column("peer", sa.Text),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text, nullable=False, server_default=""),
        schema="kit",
    )
    op.create_index(
        "attachment_file_awaited", "attachment_file", ["peer", "since"], schema="kit",
        postgresql_where=sa.text("NOT here"),
    )  # fmt: skip
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("digest", sa.Text, sa.ForeignKey("kit.attachment_file.digest"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("object_type", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        schema="kit",
    )
    op.create_index("attachment_digest", "attachment", ["digest"], schema="kit")
    op.create_index("attachment_object", "attachment", ["service", "object_type", "object_id", "id"], schema="kit")
    op.create_table(
        "attachment_offer",
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("envelope", sa.Uuid, nullable=False),
        sa.Column("delivered", sa.Boolean, nullable=False, server_default=sa.false()),
        schema="kit",
    )
    op.create_index(
        "attachment_offer_open", "attachment_offer", ["peer"], schema="kit", postgresql_where=sa.text("NOT delivered")
    )
