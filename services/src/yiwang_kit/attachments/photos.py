"""Blanks where a photo was taken, in place: the rest of what the camera wrote (time, device) stays as evidence.

A photo of a pothole is often taken from somebody's home. Locations stand in EXIF (JPEG's APP1, PNG's eXIf, WebP's EXIF)
and in XMP; both are overwritten with nothing of the same length, so no offset changes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Literal

EXIF, GPS_TAG, ENTRY = b"Exif\x00\x00", 0x8825, 12
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
ENTRIES_LIMIT = 512
_XMP = re.compile(rb"""(exif:GPS\w+\s*=\s*["'])([^"']*)|(<exif:GPS\w+[^>]*>)([^<]*)""")
Buffer = Any  # bytearray or mmap: both take slices
Segment = tuple[int, int]  # begin, end


def blank_location(content: Buffer, media_type: str) -> bool:
    """Blank the location in a picture's bytes; return whether there was one. Damaged metadata is left to the viewer."""
    walk = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}.get(media_type)
    if walk is None:
        return False
    found = [_blank(content, begin, end) for begin, end in list(walk(content))]
    if media_type == "image/png" and any(found):
        _sum_again(content)
    return any(found)


def _blank(content: Buffer, begin: int, end: int) -> bool:
    """Blank what one metadata segment says of a place, whatever of the two kinds it is."""
    if content[begin : begin + len(EXIF)] == EXIF:
        begin += len(EXIF)
    if content[begin : begin + 2] in (b"II", b"MM"):
        return _tiff(content, begin, end)
    return _xmp(content, begin, end)


def _tiff(content: Buffer, begin: int, end: int) -> bool:
    order: Literal["little", "big"] = "little" if content[begin : begin + 2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(content[at : min(at + size, end)], order)

    for entry in _entries(number, begin, begin + number(begin + 4, 4), end):
        if number(entry, 2) == GPS_TAG:
            return _gps(content, number, begin, begin + number(entry + 8, 4), end)
    return False


def _entries(number: Callable[[int, int], int], begin: int, at: int, end: int) -> Iterator[int]:
    count = min(number(at, 2), ENTRIES_LIMIT) if begin <= at < end else 0
    return (at + 2 + ENTRY * i for i in range(count) if at + 2 + ENTRY * (i + 1) <= end)


def _gps(content: Buffer, number: Callable[[int, int], int], begin: int, at: int, end: int) -> bool:
    """Zero every value of the GPS directory, inline or elsewhere, then say that the directory has no entries."""
    entries = list(_entries(number, begin, at, end))
    for entry in entries:
        length = SIZES.get(number(entry + 2, 2), 1) * number(entry + 4, 4)
        place = begin + number(entry + 8, 4)
        if length > 4 and begin <= place < end:  # noqa: PLR2004 - longer values stand elsewhere
            _zero(content, place, min(place + length, end))
        _zero(content, entry, entry + ENTRY)
    if entries:
        _zero(content, at, at + 2)
    return bool(entries)


def _zero(content: Buffer, begin: int, end: int) -> None:
    content[begin:end] = bytes(end - begin)


def _xmp(content: Buffer, begin: int, end: int) -> bool:
    found = False
    for hit in _XMP.finditer(bytes(content[begin:end])):
        group = 2 if hit.group(1) else 4
        first, last = begin + hit.start(group), begin + hit.end(group)
        content[first:last] = b" " * (last - first)
        found = found or last > first
    return found


def _jpeg(content: Buffer) -> Iterator[Segment]:
    """Yield the APP1 segments before the picture itself."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:  # noqa: PLR2004 - the marker of markers
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if kind in {0xDA, 0xD9} or length < 2:  # noqa: PLR2004 - the picture's data, its end, or damage
            return
        if kind == 0xE1:  # noqa: PLR2004 - APP1
            yield at + 4, min(at + 2 + length, len(content))
        at += 2 + length


def _chunks(content: Buffer) -> Iterator[tuple[bytes, int, int]]:
    """Yield the chunks of a PNG: name, begin and end of its data."""
    at = 8
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if at + 12 + length > len(content):
            return
        yield bytes(content[at + 4 : at + 8]), at + 8, at + 8 + length
        at += 12 + length


def _png(content: Buffer) -> Iterator[Segment]:
    return ((begin, end) for name, begin, end in _chunks(content) if name in {b"eXIf", b"iTXt"})


def _sum_again(content: Buffer) -> None:
    """Write the checksums of the chunks that may have changed."""
    for name, begin, end in list(_chunks(content)):
        if name in {b"eXIf", b"iTXt"}:
            content[end : end + 4] = zlib.crc32(bytes(content[begin - 4 : end])).to_bytes(4, "big")


def _webp(content: Buffer) -> Iterator[Segment]:
    at = 12
    while at + 8 <= len(content):
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        if bytes(content[at : at + 4]) in {b"EXIF", b"XMP "}:
            yield at + 8, min(at + 8 + length, len(content))
        at += 8 + length + (length & 1)
