"""Small pictures made by hand, with and without what cameras write into them."""

from __future__ import annotations

import struct
import zlib

GPS, DATE_TIME, LATITUDE, ASCII = 0x8825, 0x0132, 2, 2


def exif(order: str, *, place: bytes, when: bytes) -> bytes:
    """Return a TIFF block with a time in its first directory and a place in the directory for locations."""
    mark = "<" if order == "II" else ">"
    first, entries = 8, 2
    gps = first + 2 + 12 * entries + 4
    values = gps + 2 + 12 + 4
    entry = lambda tag, kind, count, value: struct.pack(f"{mark}HHII", tag, kind, count, value)  # noqa: E731
    directory = struct.pack(f"{mark}H", entries) + entry(DATE_TIME, ASCII, len(when), values) + entry(GPS, 4, 1, gps)
    location = struct.pack(f"{mark}H", 1) + entry(LATITUDE, ASCII, len(place), values + len(when))
    head = order.encode() + struct.pack(f"{mark}HI", 42, first)
    return head + directory + bytes(4) + location + bytes(4) + when + place


def xmp(attributes: str) -> bytes:
    """Return an XMP packet."""
    return f"http://ns.adobe.com/xap/1.0/\0<rdf:Description {attributes}/>".encode()


def jpeg(metadata: bytes = b"", *, size: int = 64) -> bytes:
    """Return a JPEG's frame with one segment of metadata and something like a picture."""
    block = b"" if not metadata else (metadata if metadata[:4] == b"http" else b"Exif\x00\x00" + metadata)
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block if block else b""
    return b"\xff\xd8" + segment + b"\xff\xda\x00\x02" + b"\x55" * size + b"\xff\xd9"


def png(metadata: bytes = b"") -> bytes:
    """Return a PNG of one pixel."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))]
    parts += [(b"eXIf", metadata)] if metadata else []
    parts += [(b"IDAT", zlib.compress(b"\x00\x00")), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def webp(metadata: bytes = b"") -> bytes:
    """Return a WebP's frame."""
    body = b"VP8 " + struct.pack("<I", 4) + bytes(4)
    body += b"EXIF" + struct.pack("<I", len(metadata)) + metadata + b"\0" * (len(metadata) & 1) if metadata else b""
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
