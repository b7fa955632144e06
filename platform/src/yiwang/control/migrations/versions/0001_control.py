"""Control's own tables: an append-only journal, and what is true now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_control"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create journal, rollouts, sites, assignments, reports, tokens, holds and offers."""
    _journal()
    _sites()
    _people()


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("rollout", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        schema="control",
    )
    op.create_index("journal_rollout", "journal", ["rollout", "seq"], schema="control")
    op.create_table(
        "rollout",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        schema="control",
    )
    op.create_table(
        "meta", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False),
        schema="control",
    )  # fmt: skip


def _sites() -> None:
    op.create_table(
        "site",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("incarnation", sa.Integer, nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT),
        sa.Column("issuer", sa.Text),
        sa.Column("jwks", sa.Text),
        sa.Column("prove", sa.Integer, nullable=False, server_default="0"),
        schema="control",
    )
    op.create_table(
        "assignment",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("manifest_sha256", sa.Text, nullable=False),
        sa.Column("pack_sha256", sa.Text, nullable=False),
        sa.Column("rollout", sa.Text),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        schema="control",
    )
    op.create_table(
        "pack",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("release", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        schema="control",
    )
    op.create_table(
        "report",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("healthy", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        schema="control",
    )
    op.create_table(
        "progress",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("progress", sa.Text, nullable=False),
        schema="control",
    )
    op.create_table(
        "offer",
        sa.Column("sender", sa.Text, primary_key=True),
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        schema="control",
    )


def _people() -> None:
    op.create_table(
        "token",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("incarnation", sa.Integer, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        schema="control",
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hold", sa.Text, nullable=False),
        sa.Column("lifted_at", MOMENT),
        schema="control",
    )
    op.create_table(
        "release",
        sa.Column("release", sa.Text, primary_key=True),
        sa.Column("manifest", sa.Text, nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        schema="control",
    )
    op.execute("CREATE SEQUENCE control.serial")
