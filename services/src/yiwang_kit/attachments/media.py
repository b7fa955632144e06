"""What a file is by what stands in it; the name and the browser's word are not asked.

Only what pages show and offices exchange is taken: four kinds of picture, PDF, and two kinds of office file without
macros.
"""

from __future__ import annotations

import zipfile
from typing import BinaryIO

PDF, DOCX = "application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXTENSIONS: dict[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",), "image/webp": (".webp",), "image/gif": (".gif",),
    PDF: (".pdf",), DOCX: (".docx",), XLSX: (".xlsx",),
}  # fmt: skip
PICTURES = frozenset(kind for kind in EXTENSIONS if kind.startswith("image/"))
HEAD_BYTES = 16
PARTS_LIMIT = 10_000
_BY_HEAD = (
    (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"), (b"%PDF-", PDF),
)  # fmt: skip
_BY_PART = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}


def media_type(file: BinaryIO) -> str | None:
    """Return the media type of a file by its content, or None for what is not taken."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:4] == b"PK\x03\x04":
        return _office(file)
    return next((kind for start, kind in _BY_HEAD if head.startswith(start)), None)


def _office(file: BinaryIO) -> str | None:
    """Return the kind of an office file from its table of contents; nothing is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return None
    if len(names) > PARTS_LIMIT or "[Content_Types].xml" not in names or any("vbaproject" in n.lower() for n in names):
        return None
    return next((kind for part, kind in _BY_PART.items() if part in names), None)
