"""The service's tables as its queries name them (the migrations make them), and the views of others that it reads."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, DateTime, Double, Integer, MetaData, Table, Text, Uuid

AT = DateTime(timezone=True)
META = MetaData(schema="situation")
mark = Table("mark", META, Column("name", Text), Column("version", Text), Column("at", AT))
topic = Table(
    "topic", META, Column("id", Uuid, primary_key=True), Column("code", Text), Column("version", Integer),
    Column("origin", Text), Column("state", Text), Column("manifest", Text), Column("created_by", Text),
    Column("created_at", AT), Column("retired_at", AT),
)  # fmt: skip
alarm = Table(
    "alarm", META, Column("id", Uuid, primary_key=True), Column("topic", Text), Column("code", Text),
    Column("division", Text), Column("level", Text), Column("title", Text), Column("title_en", Text),
    Column("figure", Text), Column("threshold", Double), Column("value", Double), Column("raised_at", AT),
    Column("seen_at", AT), Column("cleared_at", AT), Column("acknowledged_at", AT), Column("acknowledged_by", Text),
    Column("note", Text),
)  # fmt: skip

DIVISIONS = MetaData(schema="management_public")
division = Table(
    "v1_division", DIVISIONS, Column("code", Text), Column("parent", Text), Column("name", Text), Column("tier", Text)
)
closure = Table(
    "v1_division_closure", DIVISIONS, Column("ancestor", Text), Column("descendant", Text), Column("depth", Integer)
)
value = Table(
    "v1_value", MetaData(schema="indicator_public"), Column("id", Uuid), Column("code", Text),
    Column("version", Integer), Column("name", Text), Column("name_en", Text), Column("unit", Text),
    Column("division", Text), Column("period", Text), Column("starts", Date), Column("ends", Date),
    Column("value", Double), Column("numerator", Double), Column("denominator", Double), Column("reason", Text),
    Column("data_time", AT), Column("computed_at", AT),
)  # fmt: skip
definition = Table(
    "v1_definition",
    value.metadata,
    Column("code", Text),
    Column("version", Integer),
    Column("name", Text),
    Column("name_en", Text),
    Column("unit", Text),
)
fact = Table(
    "v1_order_fact", MetaData(schema="collaboration_public"), Column("id", Uuid), Column("scope_division", Text),
    Column("unit", Uuid), Column("matter", Text), Column("category", Text), Column("channel", Text),
    Column("state", Text), Column("created_at", AT), Column("due_at", AT), Column("supervised", Text),
    Column("generated", Boolean),
)  # fmt: skip
