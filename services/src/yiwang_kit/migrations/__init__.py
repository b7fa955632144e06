"""The kit's own tables, and the way every package's migrations run: expand only, short locks, one chain a schema."""

from yiwang_kit.migrations.runner import Applied, current, heads, migrate, pending, schema_of

__all__ = ["Applied", "current", "heads", "migrate", "pending", "schema_of"]
