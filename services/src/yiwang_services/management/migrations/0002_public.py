"""The views that other services may read: versioned, in this one file, built on this service's tables alone.

A person who must change the password holds no grant until that is done: the rule stands in the view, so no service can
forget it.
"""

from __future__ import annotations

from alembic import op

revision = "0002_public"
down_revision = "0001_management"

VIEWS = {
    "v1_division": "SELECT code, parent, name, tier FROM management.division",
    "v1_division_closure": "SELECT ancestor, descendant, depth FROM management.division_closure",
    "v1_unit": "SELECT id, parent, name, division, kind, active FROM management.unit",
    "v1_unit_closure": "SELECT ancestor, descendant, depth FROM management.unit_closure",
    "v1_user": "SELECT id, login, name, active, must_change_password FROM management.person",
    "v1_post": """
        SELECT p.id, p.person AS user_id, p.unit AS unit_id, u.name AS unit_name, u.division, p.role
        FROM management.post p JOIN management.unit u ON u.id = p.unit
        WHERE u.active""",
    "v1_grant": """
        SELECT p.person AS user_id, rp.permission,
               CASE WHEN r.scope = 'unit' THEN p.unit END AS unit_id,
               CASE WHEN r.scope = 'division' THEN u.division END AS division
        FROM management.post p
        JOIN management.unit u ON u.id = p.unit
        JOIN management.person n ON n.id = p.person
        JOIN management.role r ON r.code = p.role
        JOIN management.role_permission rp ON rp.role = r.code
        WHERE n.active AND u.active AND NOT n.must_change_password
        UNION ALL
        SELECT g.person AS user_id, rp.permission, g.unit AS unit_id, g.division
        FROM management.direct_grant g
        JOIN management.person n ON n.id = g.person
        JOIN management.role_permission rp ON rp.role = g.role
        WHERE n.active AND NOT n.must_change_password""",
}


def upgrade() -> None:
    """Create the published schema."""
    op.execute("CREATE SCHEMA management_public")
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW management_public.{name} AS {query}")
