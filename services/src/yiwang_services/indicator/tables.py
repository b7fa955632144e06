"""The service's tables as its queries name them; the migrations make them."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Double, Integer, MetaData, Table, Text, Uuid

AT = DateTime(timezone=True)
META = MetaData(schema="indicator")
content = Table("content", META, Column("name", Text), Column("version", Text), Column("loaded_at", AT))
definition = Table(
    "definition", META, Column("id", Uuid, primary_key=True), Column("code", Text), Column("version", Integer),
    Column("origin", Text), Column("state", Text), Column("name", Text), Column("name_en", Text),
    Column("formula", Text), Column("caliber", Text), Column("period", Text), Column("unit", Text),
    Column("owner", Text), Column("source", Text), Column("created_by", Text), Column("created_at", AT),
    Column("published_at", AT), Column("retired_at", AT),
)  # fmt: skip
value = Table(
    "value", META, Column("id", Uuid, primary_key=True), Column("definition", Uuid), Column("division", Text),
    Column("period", Text), Column("starts", Date), Column("ends", Date), Column("value", Double),
    Column("numerator", Double), Column("denominator", Double), Column("reason", Text), Column("data_time", AT),
    Column("computed_at", AT),
)  # fmt: skip
run = Table(
    "run", META, Column("id", Uuid, primary_key=True), Column("data_time", AT), Column("computed", Integer),
    Column("changed", Integer),
)  # fmt: skip
submission = Table(
    "submission", META, Column("id", Uuid, primary_key=True), Column("code", Text), Column("division", Text),
    Column("period", Text), Column("starts", Date), Column("revision", Integer), Column("value", Double),
    Column("numerator", Double), Column("denominator", Double), Column("note", Text), Column("due", Date),
    Column("submitted_by", Text), Column("submitted_at", AT), Column("state", Text), Column("decided_by", Text),
    Column("decided_at", AT), Column("reason", Text),
)  # fmt: skip
reported = Table(
    "reported", META, Column("site", Text, primary_key=True), Column("code", Text, primary_key=True),
    Column("starts", Date, primary_key=True), Column("division", Text), Column("period", Text), Column("ends", Date),
    Column("unit", Text), Column("version", Integer), Column("origin", Text), Column("rule", Text),
    Column("value", Double), Column("numerator", Double), Column("denominator", Double), Column("reason", Text),
    Column("data_time", AT), Column("arrived_at", AT),
)  # fmt: skip
pushed = Table("pushed", META, Column("peer", Text, primary_key=True), Column("computed_at", AT))

PUBLIC = MetaData(schema="management_public")
closure = Table(
    "v1_division_closure", PUBLIC, Column("ancestor", Text), Column("descendant", Text), Column("depth", Integer)
)
