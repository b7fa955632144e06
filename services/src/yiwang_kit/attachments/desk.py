"""Attachments as a service sees them: say who may, put, list, open; and expect those that a message names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy.orm import Session

from yiwang_kit.attachments import store
from yiwang_kit.attachments.files import FileStore, Kept, NotTaken
from yiwang_kit.attachments.records import Attachment, Progress, Reference, clean_name
from yiwang_kit.auth import Actor
from yiwang_kit.clock import Clock
from yiwang_kit.errors import Invalid, NotFound, TooLarge, Unavailable
from yiwang_kit.ids import uuid7
from yiwang_kit.settings import HubSettings

TAKEN = "JPEG PNG WebP GIF PDF DOCX XLSX"


@dataclass(frozen=True)
class Rights:
    """Who may add to and read from a service's objects; asked in a transaction of that service. 附件权限。"""

    may_add: Callable[[Session, Actor, str, str], bool]
    may_read: Callable[[Session, Actor, Attachment], bool]


class Attachments:
    """One site's attachments. 附件。"""

    def __init__(self, settings: HubSettings, clock: Clock) -> None:
        self.settings = settings.attachments
        self._site = settings.site.id
        self._clock = clock
        folder = settings.attachments_dir
        self._files = FileStore(folder) if folder else None
        self._rights: dict[str, Rights] = {}

    @property
    def files(self) -> FileStore:
        """Return the folder. Raises Unavailable at a site without one."""
        if self._files is None:
            raise Unavailable("本站点未配置附件目录 / this site has no folder for attachments",
                              next="yiwang validate")  # fmt: skip
        return self._files

    def available(self) -> bool:
        """Return whether this site keeps attachments."""
        return self._files is not None

    def register(self, service: str, rights: Rights) -> None:
        """Say who may add and read attachments of a service's objects."""
        self._rights[service] = rights

    def rights(self, service: str) -> Rights:
        """Return a service's rights. Raises NotFound where it has no attachments."""
        found = self._rights.get(service)
        if found is None:
            raise NotFound(f"{service} 没有附件 / there are no attachments of {service}")
        return found

    def keep(self, stream: BinaryIO) -> Kept:
        """Store a stream by its digest, before any transaction. Raises Invalid for what is not taken, TooLarge."""
        limit = self.settings.max_bytes
        try:
            return self.files.keep(stream, limit=limit, blank=self.settings.locations == "blank")
        except NotTaken as reason:
            if str(reason) == "size":
                raise TooLarge(f"附件超过 {limit >> 20} MiB / an attachment is over {limit >> 20} MiB",
                               limit=limit) from None  # fmt: skip
            raise Invalid(
                f"只接收 {TAKEN}（按内容判断，不含宏） / only {TAKEN} by content, without macros",
                next="请另存为以上格式后重新上传 / save it in one of these formats and upload again",
            ) from None

    def put(self, session: Session, stream: BinaryIO, *, name: str, service: str, object_type: str, object_id: str,
            actor: str) -> Attachment:  # fmt: skip
        """Store a file for an object in the caller's transaction."""
        return self.add(session, self.keep(stream), name=name, service=service, object_type=object_type,
                        object_id=object_id, actor=actor)  # fmt: skip

    def add(self, session: Session, kept: Kept, *, name: str, service: str, object_type: str, object_id: str,
            actor: str) -> Attachment:  # fmt: skip
        """Say what a stored file belongs to. Raises Unavailable where the site's room is used up."""
        if not store.known(session, kept.digest):
            self._check_room(session, kept)
        now, made = self._clock.now(), uuid7()
        store.add_file(session, Reference(kept.digest, kept.size, kept.media_type), here=True, peer=None, now=now)
        store.add(session, {
            "id": made, "digest": kept.digest, "name": clean_name(name, kept.media_type), "service": service,
            "object_type": object_type, "object_id": object_id, "origin": self._site, "created_at": now,
            "created_by": actor,
        })  # fmt: skip
        return self.get(session, made)

    def expect(self, session: Session, named: Iterable[Mapping[str, Any]], *, service: str, object_type: str,
               object_id: str, origin: str) -> None:  # fmt: skip
        """Attach what an envelope names, under the ids that it had; the bytes may come later."""
        now = self._clock.now()
        for item in named:
            reference = Reference(str(item["digest"]), int(item["size"]), str(item["media_type"]))
            store.add_file(session, reference, here=self._has(reference.digest), peer=None, now=now)
            store.add(session, {
                "id": UUID(str(item["id"])), "digest": reference.digest,
                "name": clean_name(str(item["name"]), reference.media_type), "service": service,
                "object_type": object_type, "object_id": object_id, "origin": origin, "created_at": now,
                "created_by": str(item["created_by"]),
            })  # fmt: skip

    def get(self, session: Session, attachment: UUID) -> Attachment:
        """Return one attachment. Raises NotFound."""
        found = store.get(session, attachment)
        if found is None:
            raise NotFound(f"没有附件 {attachment} / no attachment {attachment}")
        return found

    def of(self, session: Session, service: str, object_type: str, object_id: str) -> list[Attachment]:
        """Return what belongs to an object, oldest first."""
        return store.of(session, service, object_type, object_id)

    def progress(self, session: Session, service: str, object_type: str, object_id: str) -> Progress:
        """Return how many of an object's attachments are here, and since when the others are awaited."""
        return store.progress(session, service, object_type, object_id)

    def path(self, digest: str) -> Path:
        """Return the file of a digest. Raises NotFound while it is not whole here."""
        if not self.files.has(digest):
            raise NotFound(f"附件尚未到达 / the bytes of {digest[:12]} are not here")
        return self.files.path(digest)

    def open(self, digest: str) -> BinaryIO:
        """Open the bytes. Raises NotFound while they are not whole here."""
        return self.path(digest).open("rb")

    def sweep(self, session: Session) -> int:
        """Remove files that no record names; return how many."""
        if self._files is None:
            return 0
        gone = list(self._files.strays(lambda digest: store.known(session, digest)))
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _has(self, digest: str) -> bool:
        return self._files is not None and self._files.has(digest)

    def _check_room(self, session: Session, kept: Kept) -> None:
        if store.used(session) + kept.size > self.settings.quota_bytes:
            self.files.path(kept.digest).unlink(missing_ok=True)  # or refused files would fill the disk all the same
            raise Unavailable(
                f"本站点附件空间（{self.settings.quota_bytes >> 30} GiB）已满 / the site's room for attachments is used up",
                next="请运维扩大 attachments.quota_bytes / ask operations to raise attachments.quota_bytes",
            )
