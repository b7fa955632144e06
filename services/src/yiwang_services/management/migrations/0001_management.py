"""Divisions, units, people, posts, roles, direct grants and authorisation codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_management"
down_revision = None
SCHEMA = "management"


def code(name: str, **options: object) -> sa.Column:  # type: ignore[type-arg]
    """Return a text column ordered by bytes, so that keyset pages do not depend on a locale."""
    return sa.Column(name, sa.Text(collation="C"), **options)  # type: ignore[arg-type]


def upgrade() -> None:
    """Create everything; nothing reads it before this revision is through."""
    divisions()
    organisation()
    rights()
    sign_in()


def divisions() -> None:
    """Create what content packs fill."""
    op.create_table(
        "content",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "division",
        code("code", primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        code("parent"),
        sa.Column("tier", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("division_parent", "division", ["parent", "code"], schema=SCHEMA)
    op.create_table(
        "division_closure",
        code("ancestor", primary_key=True),
        code("descendant", primary_key=True),
        sa.Column("depth", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("division_closure_up", "division_closure", ["descendant", "ancestor"], schema=SCHEMA)


def organisation() -> None:
    """Create units and people."""
    op.create_table(
        "unit",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("parent", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        code("division", nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sample", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "unit_closure",
        sa.Column("ancestor", sa.Uuid, primary_key=True),
        sa.Column("descendant", sa.Uuid, primary_key=True),
        sa.Column("depth", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("unit_closure_up", "unit_closure", ["descendant", "ancestor"], schema=SCHEMA)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid, primary_key=True),
        code("login", nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("home_unit", sa.Uuid, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sample", sa.Boolean, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("must_change_password", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )


def rights() -> None:
    """Create posts, roles and grants given by hand."""
    op.create_table(
        "role",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("title_zh", sa.Text, nullable=False),
        sa.Column("title_en", sa.Text, nullable=False),
        sa.Column("duty", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "role_permission",
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("permission", sa.Text, primary_key=True),
        schema=SCHEMA,
    )
    op.create_table(
        "post",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("unit", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("person", "unit", "role", name="post_once"),
        schema=SCHEMA,
    )
    op.create_table(
        "direct_grant",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("unit", sa.Uuid),
        code("division"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_index("direct_grant_person", "direct_grant", ["person"], schema=SCHEMA)


def sign_in() -> None:
    """Create authorisation codes, of which only a digest is kept."""
    op.create_table(
        "authorisation_code",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("challenge", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
