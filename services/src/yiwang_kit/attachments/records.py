"""What an attachment is to those who use it, and how a message between sites names it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yiwang_kit.attachments.media import EXTENSIONS

DIGEST = re.compile(r"[0-9a-f]{64}")
NAME_LIMIT = 120
SIZE_LIMIT = 20 * 1024 * 1024
REFERENCE_LIMIT = 50

REFERENCES_SCHEMA: dict[str, Any] = {
    "type": "array",
    "maxItems": REFERENCE_LIMIT,
    "items": {
        "type": "object",
        "required": ["id", "digest", "size", "media_type", "name", "created_by"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "size": {"type": "integer", "minimum": 1, "maximum": SIZE_LIMIT},
            "media_type": {"enum": sorted(EXTENSIONS)},
            "name": {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT},
            "created_by": {"type": "string", "maxLength": 200},
        },
    },
}
"""JSON schema of the list `attachments` at the top of an envelope's payload."""


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to an object of a service. 附件。"""

    id: UUID
    digest: str
    size: int
    media_type: str
    name: str
    service: str
    object_type: str
    object_id: str
    created_at: datetime
    created_by: str
    here: bool
    """False while its bytes are still on the way from a neighbour."""

    def to_json(self) -> dict[str, Any]:
        """Return what a page shows."""
        return {
            "id": str(self.id), "name": self.name, "media_type": self.media_type, "size": self.size,
            "digest": self.digest, "here": self.here, "created_at": self.created_at.isoformat(timespec="seconds"),
            "created_by": self.created_by,
        }  # fmt: skip

    def reference(self) -> dict[str, Any]:
        """Return how an envelope names it."""
        return {
            "id": str(self.id), "digest": self.digest, "size": self.size, "media_type": self.media_type,
            "name": self.name, "created_by": self.created_by,
        }  # fmt: skip


@dataclass(frozen=True)
class Progress:
    """How much of an object's attachments has arrived. 附件到达情况。"""

    here: int
    total: int
    since: datetime | None
    """Since when the oldest missing one is awaited."""

    def to_json(self) -> dict[str, Any]:
        """Return what a page shows."""
        since = self.since.isoformat(timespec="seconds") if self.since else None
        return {"here": self.here, "total": self.total, "since": since}


@dataclass(frozen=True)
class Reference:
    """A file that an envelope names: all that fetching needs. 附件引用。"""

    digest: str
    size: int
    media_type: str


def references(payload: Any) -> list[Reference]:
    """Return the files that a payload names at its top; what is malformed is for the contract to refuse, not to fetch."""
    named = payload.get("attachments") if isinstance(payload, Mapping) else None
    found = [_reference(item) for item in named[:REFERENCE_LIMIT]] if isinstance(named, list) else []
    return [item for item in found if item is not None]


def _reference(item: Any) -> Reference | None:
    if not isinstance(item, Mapping):
        return None
    digest, size, kind = item.get("digest"), item.get("size"), item.get("media_type")
    sound = isinstance(digest, str) and DIGEST.fullmatch(digest) and isinstance(size, int) and 0 < size <= SIZE_LIMIT
    return Reference(str(digest), int(str(size)), str(kind)) if sound and kind in EXTENSIONS else None


def clean_name(name: str, media_type: str) -> str:
    """Return a name that is safe to show and to save under, with the ending that its content has."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip(" .")
    endings = EXTENSIONS[media_type]
    stem = kept if kept.lower().endswith(endings) else f"{kept or 'file'}{endings[0]}"
    return stem if len(stem) <= NAME_LIMIT else f"{stem[: NAME_LIMIT - 8].rstrip()}{endings[0]}"
