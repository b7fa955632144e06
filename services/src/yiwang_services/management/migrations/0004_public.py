"""The published views once posts end, one post is acted in, duties are separate and second factors are demanded.

The columns of the release before stay as they were and where they were; new ones come last. Whatever takes a right away
stands here and not in the services: none of them can forget it, and it holds with the next statement.
"""

from __future__ import annotations

from alembic import op

revision = "0004_public"
down_revision = "0003_administration"

LIVES = "({0}.expires_at IS NULL OR {0}.expires_at > CURRENT_TIMESTAMP)"
PERSON = "n.active AND NOT n.must_change_password"
DUTY = """(r.duty = 'business' OR n.separated_duty IS NULL OR r.duty = n.separated_duty)
        AND (r.duty = 'business' OR n.factor_on
             OR NOT EXISTS (SELECT 1 FROM management.policy d WHERE d.name = 'second_factor' AND d.value = 'required'))"""
"""One separated duty a person; and no such duty without the second factor where this site demands it."""
POSTS = f"""
        FROM management.post p
        JOIN management.unit u ON u.id = p.unit
        JOIN management.person n ON n.id = p.person
        JOIN management.role r ON r.code = p.role
        JOIN {{right}} rp ON rp.role = r.code
        WHERE {PERSON} AND u.active AND {LIVES.format("p")} AND {DUTY}"""
GRANTS = f"""
        FROM management.direct_grant g
        JOIN management.person n ON n.id = g.person
        JOIN management.role r ON r.code = g.role
        JOIN {{right}} rp ON rp.role = r.code
        WHERE {PERSON} AND {LIVES.format("g")} AND {DUTY}"""
SCOPE = """CASE WHEN r.scope = 'unit' THEN p.unit END AS unit_id,
               CASE WHEN r.scope = 'division' THEN u.division END AS division"""
PERMISSION, DELEGATION = "management.role_permission", "management.role_delegation"

VIEWS = {
    "management_public.v1_post": f"""
        SELECT p.id, p.person AS user_id, p.unit AS unit_id, u.name AS unit_name, u.division, p.role, p.expires_at
        FROM management.post p JOIN management.unit u ON u.id = p.unit
        WHERE u.active AND {LIVES.format("p")}""",  # noqa: S608 - every part is written above
    "management_public.v1_grant": f"""
        SELECT p.person AS user_id, rp.permission, {SCOPE}, p.id AS post_id {POSTS.format(right=PERMISSION)}
        UNION ALL
        SELECT g.person AS user_id, rp.permission, g.unit AS unit_id, g.division, CAST(NULL AS UUID) AS post_id
        {GRANTS.format(right=PERMISSION)}""",
    "management_public.v1_acting_post": "SELECT session AS session_id, person AS user_id, post AS post_id FROM management.acting_post",
    "management_public.v1_user": """
        SELECT id, login, name, active, must_change_password, factor_on FROM management.person""",
    "management_public.v1_policy": "SELECT name, value FROM management.policy",
    "management_public.v1_upper_unit": """
        SELECT site, id, parent, name, division, kind, active, version, received_at FROM management.upper_unit""",
    "management.holding": " UNION ALL ".join(
        f"""SELECT p.person, rp.permission, {SCOPE}, p.expires_at, p.id AS post {POSTS.format(right=right)}
        UNION ALL
        SELECT g.person, rp.permission, g.unit AS unit_id, g.division, g.expires_at, CAST(NULL AS UUID) AS post
        {GRANTS.format(right=right)}"""
        for right in (PERMISSION, DELEGATION)
    ),
}


def upgrade() -> None:
    """Put the views in place of the earlier ones."""
    for name, query in VIEWS.items():
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
