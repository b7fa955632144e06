"""Topics and alarms as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yiwang_services.situation.manifest import Block, Manifest, WallPage, Words
from yiwang_services.situation.store import Topic

MOMENTS = ("raised_at", "seen_at", "cleared_at", "acknowledged_at")


def titled(name: str, words: Words | None) -> dict[str, Any]:
    """Return a text in both languages under two names."""
    return {name: words.zh if words else "", f"{name}_en": words.en if words else ""}


def topic_json(topic: Topic, standing: int) -> dict[str, Any]:
    """Return a topic as a row of the list."""
    m = topic.manifest
    return {
        "code": m.topic, "version": topic.version, "origin": topic.origin, "order": m.order, **titled("title", m.title),
        **titled("summary", m.summary), "roles": sorted(m.roles), "rotation_seconds": m.rotation_seconds,
        "pages": len(m.pages), "alarms": standing,
    }  # fmt: skip


def division_json(row: Any) -> dict[str, Any]:
    """Return a division with its name."""
    return {"code": row.code, "name": row.name, "tier": row.tier}


def page_json(page: WallPage, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a wall page; `found` is what its blocks carry beside figures, block by block."""
    blocks = [{**block_json(block), **extra} for block, extra in zip(page.blocks, found, strict=True)]
    return {**titled("title", page.title), "blocks": blocks}


def block_json(block: Block) -> dict[str, Any]:
    """Return a block as its manifest says it."""
    return {
        "kind": block.kind, "place": block.place, **titled("title", block.title), "figures": list(block.figures),
        "by": block.by, "sort": block.sort,
    }  # fmt: skip


def about_json(manifest: Manifest) -> dict[str, Any]:
    """Return which orders a topic is about."""
    return {"codes": list(manifest.codes), "categories": list(manifest.categories)}


def alarm_json(row: Any) -> dict[str, Any]:
    """Return an alarm."""
    moments = {name: at.isoformat() if (at := getattr(row, name)) else None for name in MOMENTS}
    return {
        "id": str(row.id), "topic": row.topic, "code": row.code, "division": row.division, "level": row.level,
        "title": row.title, "title_en": row.title_en, "figure": row.figure, "threshold": row.threshold,
        "value": row.value, **moments, "acknowledged_by": row.acknowledged_by, "note": row.note,
    }  # fmt: skip
