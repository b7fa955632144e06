"""The service's tables as queries name them; migrations make them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid

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
    Column("code", Text), Column("version", Integer), Column("merged_into", Uuid),
)  # fmt: skip
unit_closure = Table(
    "unit_closure", META, Column("ancestor", Uuid), Column("descendant", Uuid), Column("depth", Integer)
)
person = Table(
    "person", META, Column("id", Uuid, primary_key=True), Column("login", Text), Column("name", Text), Column("home_unit", Uuid),
    Column("active", Boolean), Column("sample", Boolean), Column("password", Text), Column("must_change_password", Boolean),
    Column("failures", Integer), Column("locked_until", AT), Column("created_at", AT), Column("separated_duty", Text),
    Column("password_changed_at", AT), Column("factor_on", Boolean),
)  # fmt: skip
role = Table(
    "role", META, Column("code", Text, primary_key=True), Column("title_zh", Text), Column("title_en", Text), Column("duty", Text),
    Column("scope", Text), Column("custom", Boolean), Column("active", Boolean), Column("home_unit", Uuid),
)  # fmt: skip
role_permission = Table("role_permission", META, Column("role", Text), Column("permission", Text))
role_delegation = Table("role_delegation", META, Column("role", Text), Column("permission", Text))
post = Table(
    "post", META, Column("id", Uuid, primary_key=True), Column("person", Uuid), Column("unit", Uuid), Column("role", Text),
    Column("created_at", AT), Column("expires_at", AT), Column("given_by", Uuid),
)  # fmt: skip
direct_grant = Table(
    "direct_grant", META, Column("id", Uuid, primary_key=True), Column("person", Uuid), Column("role", Text), Column("unit", Uuid),
    Column("division", Text), Column("created_at", AT), Column("expires_at", AT), Column("given_by", Uuid),
)  # fmt: skip
authorisation_code = Table(
    "authorisation_code", META, Column("digest", Text, primary_key=True), Column("person", Uuid), Column("client", Text),
    Column("redirect_uri", Text), Column("nonce", Text), Column("challenge", Text), Column("expires_at", AT),
)  # fmt: skip
acting_post = Table("acting_post", META, Column("session", Uuid), Column("person", Uuid), Column("post", Uuid))
holding = Table(
    "holding", META, Column("person", Uuid), Column("permission", Text), Column("unit_id", Uuid), Column("division", Text),
    Column("expires_at", AT), Column("post", Uuid),
)  # fmt: skip
unit_history = Table(
    "unit_history", META, Column("id", Uuid, primary_key=True), Column("unit", Uuid), Column("parent", Uuid), Column("name", Text),
    Column("division", Text), Column("kind", Text), Column("active", Boolean), Column("valid_from", AT), Column("valid_to", AT),
    Column("changed_by", Text), Column("reason", Text),
)  # fmt: skip
second_factor = Table(
    "second_factor", META, Column("person", Uuid, primary_key=True), Column("secret", Text), Column("confirmed_at", AT),
    Column("last_step", BigInteger), Column("created_at", AT),
)  # fmt: skip
recovery_code = Table("recovery_code", META, Column("person", Uuid), Column("digest", Text))
former_password = Table(
    "former_password", META, Column("id", Uuid, primary_key=True), Column("person", Uuid), Column("password", Text)
)
sign_in_try = Table(
    "sign_in_try", META, Column("key", Text, primary_key=True), Column("failures", Integer), Column("locks", Integer),
    Column("locked_until", AT), Column("seen_at", AT),
)  # fmt: skip
policy = Table("policy", META, Column("name", Text, primary_key=True), Column("value", Text))
upper_unit = Table(
    "upper_unit", META, Column("site", Text), Column("id", Uuid), Column("parent", Uuid), Column("name", Text),
    Column("division", Text), Column("kind", Text), Column("active", Boolean), Column("version", BigInteger),
    Column("received_at", AT),
)  # fmt: skip
organisation_version = Table(
    "organisation_version", META, Column("site", Text), Column("version", BigInteger), Column("digest", Text)
)
