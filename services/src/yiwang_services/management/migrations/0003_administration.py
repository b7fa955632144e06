"""Delegation, terms of posts, the history of units, second factors, tries to sign in, the organisation of the tier above.

Only expands: every new column is empty or has a default, so the release before goes on writing its rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_administration"
down_revision = "0002_public"
SCHEMA = "management"
AT = sa.DateTime(timezone=True)


def code(name: str, **options: object) -> sa.Column:  # type: ignore[type-arg]
    """Return a text column ordered by bytes."""
    return sa.Column(name, sa.Text(collation="C"), **options)  # type: ignore[arg-type]


def add(table: str, *columns: sa.Column) -> None:  # type: ignore[type-arg]
    """Add columns to a table of the release before."""
    for column in columns:
        op.add_column(table, column, schema=SCHEMA)


def upgrade() -> None:
    """Create and extend; rows of the release before get what they need in the same step, they are few."""
    rights()
    organisation()
    sign_in()
    above()


def rights() -> None:
    """Let roles be made at the site and passed on, posts and grants end, and one duty stand in one hand."""
    add("role", sa.Column("custom", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("home_unit", sa.Uuid))  # fmt: skip
    op.create_table(
        "role_delegation",
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("permission", sa.Text, primary_key=True),
        schema=SCHEMA,
    )
    for table in ("post", "direct_grant"):
        add(table, sa.Column("expires_at", AT), sa.Column("given_by", sa.Uuid))
        op.create_index(f"{table}_unit", table, ["unit"], schema=SCHEMA)
        op.create_index(f"{table}_role", table, ["role"], schema=SCHEMA)
    op.create_index("direct_grant_division", "direct_grant", ["division"], schema=SCHEMA)
    op.create_table(
        "acting_post",
        sa.Column("session", sa.Uuid, primary_key=True),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("post", sa.Uuid, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("acting_post_post", "acting_post", ["post"], schema=SCHEMA)
    add("person", sa.Column("separated_duty", sa.Text))
    op.execute(
        "UPDATE management.person SET separated_duty = (SELECT MAX(r.duty) FROM management.post p "
        "JOIN management.role r ON r.code = p.role WHERE p.person = person.id AND r.duty <> 'business')"
    )


def organisation() -> None:
    """Give units a code, a version and a history."""
    add("unit", code("code"), sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("merged_into", sa.Uuid))  # fmt: skip
    op.create_index(
        "unit_code", "unit", ["code"], unique=True, schema=SCHEMA, postgresql_where=sa.text("code IS NOT NULL")
    )
    op.create_index("unit_parent", "unit", ["parent"], schema=SCHEMA)
    op.create_index("unit_division", "unit", ["division"], schema=SCHEMA)
    op.create_index("person_home_unit", "person", ["home_unit"], schema=SCHEMA)
    op.create_table(
        "unit_history",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("unit", sa.Uuid, nullable=False),
        sa.Column("parent", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        code("division", nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("valid_from", AT, nullable=False),
        sa.Column("valid_to", AT),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("unit_history_unit", "unit_history", ["unit", "valid_from"], schema=SCHEMA)
    # Ids are the units' own here: each unit's first line of history, and no database makes an id.
    op.execute(
        "INSERT INTO management.unit_history (id, unit, parent, name, division, kind, active, valid_from, changed_by, reason) "
        "SELECT id, id, parent, name, division, kind, active, created_at, 'migration', '' FROM management.unit"
    )


def sign_in() -> None:
    """Keep second factors, earlier passwords, and tries by login and address."""
    add(
        "person",
        sa.Column("password_changed_at", AT),
        sa.Column("factor_on", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "second_factor",
        sa.Column("person", sa.Uuid, primary_key=True),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("confirmed_at", AT),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "recovery_code",
        sa.Column("person", sa.Uuid, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        schema=SCHEMA,
    )
    op.create_table(
        "former_password",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("former_password_person", "former_password", ["person", "id"], schema=SCHEMA)
    op.create_table(
        "sign_in_try",
        code("key", primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locks", sa.Integer, nullable=False),
        sa.Column("locked_until", AT),
        sa.Column("seen_at", AT, nullable=False),
        schema=SCHEMA,
    )
    policy = op.create_table(
        "policy",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    # The release before knows no second factor; a site of this one writes what its settings demand when it starts.
    op.bulk_insert(policy, [{"name": "second_factor", "value": "offered"}])


def above() -> None:
    """Keep a read-only replica of the organisation of the tier above, and what was sent to the tiers below."""
    op.create_table(
        "upper_unit",
        code("site", primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("parent", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        code("division", nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("received_at", AT, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "organisation_version",
        code("site", primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        schema=SCHEMA,
    )
