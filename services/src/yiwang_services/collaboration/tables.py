"""The service's tables and the published views that it reads, as queries name them."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    column,
    table,
)

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
    Column("generated", Boolean), Column("public", Boolean), Column("matter_version", Integer), Column("category", Text),
    Column("search", ARRAY(Text)), Column("search_text", Text), Column("rules", Text), Column("round", Integer),
    Column("bounces", Integer), Column("arbitration", Text), Column("urged", Integer), Column("urged_at", AT),
    Column("supervised", Text), Column("merged_into", Uuid), Column("callback", Text),
    Column("callback_attempts", Integer), Column("disposal_longitude", Float), Column("disposal_latitude", Float),
    Column("stage_started_at", AT), Column("stage_due_at", AT), Column("suspended_at", AT),
    Column("suspended_until", AT), Column("original_due_at", AT), Column("extension_until", AT),
    Column("accepted_at", AT), Column("dispatched_at", AT), Column("disposed_at", AT), Column("round_started_at", AT),
    Column("stage", Text), Column("stage_n", Integer), Column("suspended_reason", Text),
    Column("suspended_seconds", BigInteger), Column("extension_note", Text),
)  # fmt: skip
trace = Table(
    "trace", META, Column("work_order", Uuid, primary_key=True), Column("n", Integer, primary_key=True),
    Column("at", AT), Column("site", Text), Column("site_name", Text), Column("actor", Text), Column("action", Text),
    Column("from_state", Text), Column("to_state", Text), Column("note", Text), Column("unit", Text),
)  # fmt: skip
follower = Table("follower", META, Column("work_order", Uuid), Column("site", Text))
stage = Table(
    "stage", META, Column("work_order", Uuid, primary_key=True), Column("n", Integer, primary_key=True),
    Column("round", Integer), Column("name", Text), Column("started_at", AT), Column("ended_at", AT),
    Column("due_at", AT), Column("suspended_seconds", BigInteger), Column("unit", Uuid),
)  # fmt: skip
suspension = Table(
    "suspension", META, Column("id", Uuid, primary_key=True), Column("work_order", Uuid), Column("reason", Text),
    Column("note", Text), Column("started_at", AT), Column("until", AT), Column("ended_at", AT),
)  # fmt: skip
assist = Table(
    "assist", META, Column("id", Uuid, primary_key=True), Column("work_order", Uuid), Column("unit", Uuid),
    Column("unit_name", Text), Column("question", Text), Column("state", Text), Column("answer", Text),
    Column("asked_at", AT), Column("answered_at", AT),
)  # fmt: skip
calendar_use = Table(
    "calendar_use", META, Column("id", Text, primary_key=True), Column("at", AT), Column("changed", Integer)
)
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
    "v3_matter", column("instead", Text),
    column("code", Text), column("name", Text), column("limit_amount", Integer), column("limit_unit", Text),
    column("effective_from", Date), column("effective_to", Date), column("version", Integer), column("category", Text),
    column("stages", Text), column("photos_demanded", Integer), column("position_demanded", Boolean),
    schema="matter_public",
)  # fmt: skip
