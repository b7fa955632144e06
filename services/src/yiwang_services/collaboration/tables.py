"""The service's tables and the published views that it reads, as queries name them."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Float, Integer, MetaData, Table, Text, Uuid, column, table

META = MetaData(schema="collaboration")
AT = DateTime(timezone=True)

work_order = Table(
    "work_order", META, Column("id", Uuid, primary_key=True), Column("number", Text), Column("matter", Text),
    Column("matter_name", Text), Column("title", Text), Column("description", Text), Column("channel", Text),
    Column("reporter_name", Text), Column("reporter_phone", Text), Column("division", Text),
    Column("division_name", Text), Column("scope_division", Text), Column("address", Text), Column("longitude", Float),
    Column("latitude", Float), Column("state", Text), Column("owner_site", Text), Column("route", Text),
    Column("unit", Uuid), Column("unit_name", Text), Column("created_by", Uuid), Column("created_at", AT),
    Column("updated_at", AT), Column("due_at", AT), Column("due_basis", Text), Column("closed_at", AT),
    Column("version", Integer), Column("received_at", AT),
)  # fmt: skip
trace = Table(
    "trace", META, Column("work_order", Uuid, primary_key=True), Column("n", Integer, primary_key=True),
    Column("at", AT), Column("site", Text), Column("site_name", Text), Column("actor", Text), Column("action", Text),
    Column("from_state", Text), Column("to_state", Text), Column("note", Text), Column("unit", Text),
)  # fmt: skip
follower = Table("follower", META, Column("work_order", Uuid), Column("site", Text))
counter = Table("counter", META, Column("day", Date, primary_key=True), Column("n", Integer))

division = table(
    "v1_division", column("code", Text), column("parent", Text), column("name", Text), column("tier", Text),
    schema="management_public",
)  # fmt: skip
division_closure = table(
    "v1_division_closure", column("ancestor", Text), column("descendant", Text), schema="management_public"
)
unit = table(
    "v1_unit", column("id", Uuid), column("name", Text), column("kind", Text), column("division", Text), column("active"),
    schema="management_public",
)  # fmt: skip
matter = table(
    "v1_matter", column("code", Text), column("name", Text), column("limit_amount", Integer), column("limit_unit", Text),
    column("effective_from", Date), column("effective_to", Date), schema="matter_public",
)  # fmt: skip
