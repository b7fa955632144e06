"""Topics as versions that never change, and alarms: at most one open for a rule and a division."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_situation"
down_revision = None
SCHEMA = "situation"
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables; nothing of them is published to other services yet."""
    op.create_table(
        "mark",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("at", AT, nullable=False),
        schema=SCHEMA,
    )
    topic()
    alarm()


def topic() -> None:
    """Create situation.topic: of a code at most one version is published."""
    op.create_table(
        "topic",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("origin", "state", "manifest", "created_by")),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("retired_at", AT),
        sa.UniqueConstraint("code", "version", name="topic_once"),
        schema=SCHEMA,
    )
    op.create_index("topic_published", "topic", ["code"], unique=True, schema=SCHEMA,
                    postgresql_where=sa.text("state = 'published'"))  # fmt: skip


def alarm() -> None:
    """Create situation.alarm."""
    op.create_table(
        "alarm",
        sa.Column("id", sa.Uuid, primary_key=True),
        *(sa.Column(name, sa.Text(collation="C"), nullable=False) for name in ("topic", "code", "division")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("level", "title", "title_en", "figure")),
        sa.Column("threshold", sa.Float(53), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("raised_at", AT, nullable=False),
        sa.Column("seen_at", AT, nullable=False),
        sa.Column("cleared_at", AT),
        sa.Column("acknowledged_at", AT),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        schema=SCHEMA,
    )
    op.create_index("alarm_open", "alarm", ["topic", "code", "division"], unique=True, schema=SCHEMA,
                    postgresql_where=sa.text("cleared_at IS NULL"))  # fmt: skip
    op.create_index("alarm_topic", "alarm", ["topic", "id"], schema=SCHEMA)
