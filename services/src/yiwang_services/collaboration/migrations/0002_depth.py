"""Two clocks an order, assisting units, what happened to its stages, search by pairs of characters, the public door.

Everything is added beside what the release before writes: its inserts leave `search` empty, and the first search that
meets such a row fills it. The published views are declared here and nowhere else.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002_depth"
down_revision = "0001_collaboration"
SCHEMA, PUBLIC = "collaboration", "collaboration_public"
AT = sa.DateTime(timezone=True)

ORDER_FACT = """
    SELECT w.id, w.number, w.division, w.scope_division, w.matter, w.matter_version, w.category, w.channel, w.unit,
           w.unit_name, w.state, w.owner_site, w.round, w.generated, w.merged_into IS NOT NULL AS merged,
           w.created_at, w.accepted_at, w.dispatched_at, w.disposed_at, w.closed_at, w.due_at, w.original_due_at,
           w.due_basis AS rule, w.closed_at <= w.due_at AS on_time, s.ended_at <= s.due_at AS accepted_on_time,
           w.bounces, w.urged, w.supervised, w.callback
    FROM collaboration.work_order w
    LEFT JOIN collaboration.stage s ON s.work_order = w.id AND s.n = 1 AND s.name = 'accept'"""
STAGE_FACT = """
    SELECT s.work_order, s.n, s.round, s.name AS stage, s.started_at, s.ended_at, s.due_at, s.suspended_seconds,
           s.ended_at <= s.due_at AS on_time, s.unit, w.scope_division, w.matter, w.generated
    FROM collaboration.stage s JOIN collaboration.work_order w ON w.id = s.work_order"""


def upgrade() -> None:
    """Add columns and indexes to orders, then the tables beside them, then the published views."""
    for column in (*flags(), *clocks()):
        op.add_column("work_order", column, schema=SCHEMA)
    op.create_index("work_order_search", "work_order", ["search"], schema=SCHEMA, postgresql_using="gin")
    for name, columns, condition in (
        ("work_order_unsearched", ["id"], "search IS NULL"),
        ("work_order_matter", ["matter", "created_at"], None),
        ("work_order_by", ["created_by", "created_at"], None),
        ("work_order_merged", ["merged_into"], "merged_into IS NOT NULL"),
        ("work_order_public", ["created_at", "id"], "public"),
    ):
        where = sa.text(condition) if condition else None
        op.create_index(name, "work_order", columns, schema=SCHEMA, postgresql_where=where)
    stage()
    suspension()
    assist()
    op.execute(f"CREATE SCHEMA {PUBLIC}")
    op.execute(f"CREATE VIEW {PUBLIC}.v1_order_fact AS {ORDER_FACT}")
    op.execute(f"CREATE VIEW {PUBLIC}.v1_stage_fact AS {STAGE_FACT}")


def flags() -> list[sa.Column[Any]]:
    """Return what may be said about an order beside its state."""
    word: dict[str, Any] = {"nullable": False, "server_default": ""}
    number: dict[str, Any] = {"nullable": False, "server_default": "0"}
    return [
        sa.Column("generated", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("public", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("matter_version", sa.Integer),
        sa.Column("category", sa.Text, **word),
        sa.Column("search", sa.ARRAY(sa.Text)),
        sa.Column("search_text", sa.Text, **word),
        sa.Column("rules", sa.Text, **word),
        sa.Column("round", sa.Integer, nullable=False, server_default="1"),
        sa.Column("bounces", sa.Integer, **number),
        sa.Column("arbitration", sa.Text, **word),
        sa.Column("urged", sa.Integer, **number),
        sa.Column("urged_at", AT),
        sa.Column("supervised", sa.Text, **word),
        sa.Column("merged_into", sa.Uuid),
        sa.Column("callback", sa.Text, **word),
        sa.Column("callback_attempts", sa.Integer, **number),
        sa.Column("disposal_longitude", sa.Float),
        sa.Column("disposal_latitude", sa.Float),
    ]


def clocks() -> list[sa.Column[Any]]:
    """Return the moments that an order's two clocks and its changes of limit need."""
    moments = (
        "stage_started_at", "stage_due_at", "suspended_at", "suspended_until", "original_due_at", "extension_until",
        "accepted_at", "dispatched_at", "disposed_at", "round_started_at",
    )  # fmt: skip
    return [
        *(sa.Column(name, AT) for name in moments),
        sa.Column("stage", sa.Text, nullable=False, server_default=""),
        sa.Column("stage_n", sa.Integer, nullable=False, server_default="1"),
        sa.Column("suspended_reason", sa.Text, nullable=False, server_default=""),
        sa.Column("suspended_seconds", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("extension_note", sa.Text, nullable=False, server_default=""),
    ]


def stage() -> None:
    """Create collaboration.stage: each stage that an order has left, against the limit that it had."""
    op.create_table(
        "stage",
        sa.Column("work_order", sa.Uuid, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("started_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=False),
        sa.Column("due_at", AT),
        sa.Column("suspended_seconds", sa.BigInteger, nullable=False),
        sa.Column("unit", sa.Uuid),
        schema=SCHEMA,
    )


def suspension() -> None:
    """Create collaboration.suspension: when the stage clock stood still, and why."""
    op.create_table(
        "suspension",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("work_order", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("started_at", AT, nullable=False),
        sa.Column("until", AT, nullable=False),
        sa.Column("ended_at", AT),
        schema=SCHEMA,
    )
    op.create_index("suspension_order", "suspension", ["work_order", "started_at"], schema=SCHEMA)


def assist() -> None:
    """Create collaboration.assist: what the lead unit asked another unit, and the answer."""
    op.create_table(
        "assist",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("work_order", sa.Uuid, nullable=False),
        sa.Column("unit", sa.Uuid, nullable=False),
        sa.Column("unit_name", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("answered_at", AT),
        schema=SCHEMA,
    )
    op.create_index("assist_order", "assist", ["work_order", "asked_at"], schema=SCHEMA)
    op.create_index("assist_unit", "assist", ["unit", "state"], schema=SCHEMA)
