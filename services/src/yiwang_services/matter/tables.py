"""The service's tables as its queries name them; the migrations make them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text, Uuid

META = MetaData(schema="matter")
content = Table(
    "content", META, Column("name", Text), Column("version", Text), Column("loaded_at", DateTime(timezone=True))
)
versions = Table(
    "matter_version", META, Column("id", Uuid, primary_key=True), Column("code", Text), Column("version", Integer),
    Column("origin", Text), Column("current", Boolean), Column("name", Text), Column("name_en", Text),
    Column("category", Text), Column("unit_hint", Text), Column("conditions", Text), Column("limit_kind", Text),
    Column("limit_amount", Integer), Column("limit_unit", Text), Column("effective_from", Date),
    Column("effective_to", Date), Column("source", Text), Column("sample", Boolean), Column("created_by", Text),
    Column("created_at", DateTime(timezone=True)), Column("stages", Text), Column("photos_demanded", Integer),
    Column("position_demanded", Boolean), Column("instead", Text), Column("item", Text), Column("division", Text),
    Column("unit", Text), Column("filing", Text), Column("disposal", Text), Column("closing", Text), Column("form", Text),
    Column("state", Text), Column("reviewed_by", Text), Column("note", Text),
)  # fmt: skip
entries = Table(
    "entry", META, Column("id", Uuid, primary_key=True), Column("list", Text), Column("code", Text),
    Column("version", Integer), Column("current", Boolean), Column("name", Text), Column("name_en", Text),
    Column("above", Text), Column("rule", Text), Column("department", Text), Column("source", Text),
    Column("clause", Text), Column("sample", Boolean), Column("effective_from", Date), Column("effective_to", Date),
    Column("instead", Text), Column("origin", Text), Column("state", Text), Column("created_by", Text),
    Column("reviewed_by", Text), Column("note", Text), Column("created_at", DateTime(timezone=True)),
)  # fmt: skip
told = Table("told", META, Column("site", Text, primary_key=True), Column("digest", Text))
