"""What still hangs on each unit, published for whoever would close one: management names it instead of closing."""

from __future__ import annotations

from alembic import op

revision = "0004_unit_use"
down_revision = "0003_calendar"

UNIT_USE = """
    SELECT w.unit AS unit_id, '件未结工单' AS what_zh, 'open work orders' AS what_en, COUNT(*) AS n
    FROM collaboration.work_order w
    WHERE w.unit IS NOT NULL AND w.state IN ('dispatched', 'disposing', 'disposed', 'verified')
    GROUP BY w.unit
    UNION ALL
    SELECT a.unit AS unit_id, '件未答复的协办' AS what_zh, 'unanswered requests for assistance' AS what_en, COUNT(*) AS n
    FROM collaboration.assist a
    WHERE a.state = 'asked'
    GROUP BY a.unit"""


def upgrade() -> None:
    """Publish collaboration_public.v1_unit_use."""
    op.execute(f"CREATE VIEW collaboration_public.v1_unit_use AS {UNIT_USE}")
