"""The attachments' door: upload in a stream, list, download with headers under which no file can act as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from yiwang_kit.attachments.media import PICTURES
from yiwang_kit.attachments.records import Attachment
from yiwang_kit.auth import Actor, CurrentActor
from yiwang_kit.errors import Forbidden, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from yiwang_kit.runtime import Runtime

PLACE = ("service", "object_type", "object_id")
SANDBOX = "default-src 'none'; sandbox"
NOT_MODIFIED = 304
FORM = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": {
            "type": "object", "required": [*PLACE, "file"],
            "properties": {**{name: {"type": "string", "minLength": 1, "maxLength": 100} for name in PLACE},
                           "file": {"type": "string", "format": "binary"}},
        }}},
    }
}  # fmt: skip
Word = Annotated[str, Query(min_length=1, max_length=100)]


def router(runtime: Runtime) -> APIRouter:
    """Return the routes under /api/attachments/v1."""
    routes = APIRouter(prefix="/api/attachments/v1", tags=["attachments"])
    door = Door(runtime)

    @routes.post("", status_code=201, openapi_extra=FORM)
    async def upload(request: Request, actor: CurrentActor) -> JSONResponse:
        form = await request.form(max_files=1, max_fields=len(PLACE))
        try:
            made = await run_in_threadpool(door.take, actor, dict(form))
        finally:
            await form.close()
        return JSONResponse(made, 201)

    @routes.get("")
    def listing(actor: CurrentActor, service: Word, object_type: Word, object_id: Word) -> dict[str, Any]:
        return door.listing(actor, service, object_type, object_id)

    @routes.get("/{attachment}", response_class=FileResponse)
    def download(attachment: UUID, request: Request, actor: CurrentActor) -> Response:
        return door.hand_out(actor, attachment, request.headers.get("if-none-match"))

    return routes


class Door:
    """Asks the owning service, then stores or hands out. 附件出入口。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._desk = runtime.attachments

    def take(self, actor: Actor, form: dict[str, Any]) -> dict[str, Any]:
        """Store an uploaded file for an object that this person may add to."""
        service, object_type, object_id = (self._word(form, name) for name in PLACE)
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("缺少文件 / the file is missing", errors=[{"field": "file", "expected": "a file"}])
        rights = self._desk.rights(service)
        with self._runtime.database.transaction(service) as session:
            if not rights.may_add(session, actor, object_type, object_id):
                raise Forbidden("不能为此对象添加附件 / you may not add attachments here",
                                next="请联系经办单位 / ask the unit in charge")  # fmt: skip
        kept = self._desk.keep(file.file)
        with self._runtime.database.transaction(service) as session:
            made = self._desk.add(session, kept, name=file.filename or "", service=service, object_type=object_type,
                                  object_id=object_id, actor=actor.login)  # fmt: skip
            self._runtime.audit.record(session, actor=actor.login, action="attachment.add", object_type=object_type,
                                       object_id=object_id, detail={"id": made.id, "digest": made.digest})  # fmt: skip
        return made.to_json()

    def listing(self, actor: Actor, service: str, object_type: str, object_id: str) -> dict[str, Any]:
        """Return what this person may see of an object's attachments."""
        rights = self._desk.rights(service)
        with self._runtime.database.transaction(service) as session:
            found = self._desk.of(session, service, object_type, object_id)
            seen = [item for item in found if rights.may_read(session, actor, item)]
            waiting = self._desk.progress(session, service, object_type, object_id).to_json()["since"]
        here = sum(item.here for item in seen)
        return {"items": [item.to_json() for item in seen], "here": here, "total": len(seen),
                "since": waiting if here < len(seen) else None}  # fmt: skip

    def hand_out(self, actor: Actor, attachment: UUID, known: str | None) -> Response:
        """Return the bytes; to somebody without the right it is not there."""
        found = self._find(actor, attachment)
        if not found.here:
            raise Unavailable("附件正在从相邻站点传来 / the attachment is on its way from another site",
                              next="稍后重试 / try again later")  # fmt: skip
        headers = headers_of(found)
        if known == headers["ETag"]:
            return Response(status_code=NOT_MODIFIED, headers=headers)
        return FileResponse(self._desk.path(found.digest), media_type=found.media_type, headers=headers)

    def _find(self, actor: Actor, attachment: UUID) -> Attachment:
        with self._runtime.database.transaction() as session:
            found = self._desk.get(session, attachment)
        rights = self._desk.rights(found.service)
        with self._runtime.database.transaction(found.service) as session:
            if not rights.may_read(session, actor, found):
                raise NotFound(f"没有附件 {attachment} / no attachment {attachment}")
        return found

    def _word(self, form: dict[str, Any], name: str) -> str:
        value = form.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= 100 or "\x00" in value:  # noqa: PLR2004
            raise Invalid(
                f"缺少 {name} / {name} is missing", errors=[{"field": name, "expected": "1 to 100 characters"}]
            )
        return value


def headers_of(found: Attachment) -> dict[str, str]:
    """Return headers under which a browser neither guesses the type nor runs anything."""
    show = "inline" if found.media_type in PICTURES else "attachment"
    return {
        "Content-Disposition": f"{show}; filename*=UTF-8''{quote(found.name)}", "ETag": f'"{found.digest}"',
        "X-Content-Type-Options": "nosniff", "Content-Security-Policy": SANDBOX, "Cache-Control": "private, no-cache",
    }  # fmt: skip
