"""Serves the built page from the wheel; every path that is no file and no API belongs to the page's own router."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response

from yiwang_kit.errors import NotFound

PACKAGE = "yiwang_console"
RESERVED = ("api/", "auth/", "oidc/", "metrics", "healthz", "readyz", "version")
IMMUTABLE = "public, max-age=31536000, immutable"
ABSENT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>一网</title>
<p>此版本未包含控制台页面，接口照常可用。<br>This build carries no console page; the API works all the same.</p></html>"""


def built_page() -> Path | None:
    """Return the folder of the built page, or None where this build has none."""
    spec = find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    found = (Path(folder) for folder in folders)
    return next((folder for folder in found if (folder / "index.html").is_file()), None)


def serve(hub: FastAPI) -> None:
    """Add the page to a hub, last, because its route takes what nothing else took."""
    folder = built_page()

    @hub.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path.startswith(RESERVED):
            raise NotFound(f"/{path}")
        if folder is None:
            return HTMLResponse(ABSENT)
        return file_answer(folder, path)


def file_answer(folder: Path, path: str) -> Response:
    """Return a file of the page, or the page itself; nothing outside the folder is ever read."""
    wanted = (folder / path).resolve()
    if path and wanted.is_file() and wanted.is_relative_to(folder.resolve()):
        caching = IMMUTABLE if "/assets/" in f"/{path}" else "no-cache"
        return FileResponse(wanted, headers={"Cache-Control": caching})
    if "." in path.rsplit("/", 1)[-1]:
        raise NotFound(f"/{path}")
    return FileResponse(folder / "index.html", headers={"Cache-Control": "no-cache"})
