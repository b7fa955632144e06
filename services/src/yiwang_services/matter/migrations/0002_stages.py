"""What a version promises stage by stage, and the evidence it demands; a version of an earlier release names neither.

The stages are kept as text, as an order keeps them: nothing is ever looked up inside them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_stages"
down_revision = "0001_matter"

CURRENT = """
    SELECT v.id, v.code, v.version, v.origin, v.name, v.name_en, v.category, v.unit_hint, v.conditions,
           v.limit_kind, v.limit_amount, v.limit_unit, v.effective_from, v.effective_to, v.source, v.sample,
           v.stages, v.photos_demanded, v.position_demanded
    FROM matter.matter_version v
    WHERE v.current"""


def upgrade() -> None:
    """Add the columns and publish them in a second view; the first stays for the release before this one."""
    added = (
        sa.Column("stages", sa.Text, nullable=False, server_default=""),
        sa.Column("photos_demanded", sa.Integer, nullable=False, server_default="0"),
        sa.Column("position_demanded", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    for column in added:
        op.add_column("matter_version", column, schema="matter")
    op.execute(f"CREATE VIEW matter_public.v2_matter AS {CURRENT}")
