"""The service's tables as queries name them; migrations make them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid

META = MetaData(schema="management")
AT = DateTime(timezone=True)

content = Table(
    "content", META, Column("name", Text, primary_key=True), Column("version", Text), Column("loaded_at", AT)
)
division = Table(
    "division",
    META,
    Column("code", Text, primary_key=True),
    Column("name", Text),
    Column("parent", Text),
    Column("tier", Text),
)
division_closure = Table(
    "division_closure", META, Column("ancestor", Text), Column("descendant", Text), Column("depth", Integer)
)
unit = Table(
    "unit", META, Column("id", Uuid, primary_key=True), Column("parent", Uuid), Column("name", Text), Column("division", Text),
    Column("kind", Text), Column("active", Boolean), Column("sample", Boolean), Column("created_at", AT),
)  # fmt: skip
unit_closure = Table(
    "unit_closure", META, Column("ancestor", Uuid), Column("descendant", Uuid), Column("depth", Integer)
)
person = Table(
    "person", META, Column("id", Uuid, primary_key=True), Column("login", Text), Column("name", Text), Column("home_unit", Uuid),
    Column("active", Boolean), Column("sample", Boolean), Column("password", Text), Column("must_change_password", Boolean),
    Column("failures", Integer), Column("locked_until", AT), Column("created_at", AT),
)  # fmt: skip
role = Table(
    "role", META, Column("code", Text, primary_key=True), Column("title_zh", Text), Column("title_en", Text), Column("duty", Text),
    Column("scope", Text),
)  # fmt: skip
role_permission = Table("role_permission", META, Column("role", Text), Column("permission", Text))
post = Table(
    "post", META, Column("id", Uuid, primary_key=True), Column("person", Uuid), Column("unit", Uuid), Column("role", Text),
    Column("created_at", AT),
)  # fmt: skip
direct_grant = Table(
    "direct_grant", META, Column("id", Uuid, primary_key=True), Column("person", Uuid), Column("role", Text), Column("unit", Uuid),
    Column("division", Text), Column("created_at", AT),
)  # fmt: skip
authorisation_code = Table(
    "authorisation_code", META, Column("digest", Text, primary_key=True), Column("person", Uuid), Column("client", Text),
    Column("redirect_uri", Text), Column("nonce", Text), Column("challenge", Text), Column("expires_at", AT),
)  # fmt: skip
