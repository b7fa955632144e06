"""What is taken is decided by content, a photo says nothing of where it was taken, names are safe, bytes are whole."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from support.pictures import exif, jpeg, png, webp, xmp
from yiwang_kit.attachments.files import Damaged, FileStore, NotTaken
from yiwang_kit.attachments.media import DOCX, PDF, XLSX, media_type
from yiwang_kit.attachments.photos import blank_location
from yiwang_kit.attachments.records import clean_name, references

LIMIT = 1024 * 1024


def office(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", *names):
            archive.writestr(name, "<x/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (jpeg(), "image/jpeg"), (png(), "image/png"), (webp(), "image/webp"), (b"GIF89a" + bytes(20), "image/gif"),
        (b"%PDF-1.7\n", PDF), (office("word/document.xml"), DOCX), (office("xl/workbook.xml"), XLSX),
        (office("word/document.xml", "word/vbaProject.bin"), None), (b"PK\x03\x04 broken", None),
        (b"<html><script>alert(1)</script>", None), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"MZ\x90\x00", None), (b"", None),
    ],
)  # fmt: skip
def test_the_type_is_what_stands_in_the_file(content: bytes, expected: str | None) -> None:
    assert media_type(io.BytesIO(content)) == expected


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize(("make", "kind"), [(jpeg, "image/jpeg"), (png, "image/png"), (webp, "image/webp")])
def test_where_a_photo_was_taken_is_blanked_and_when_is_kept(make: Any, kind: str, order: str) -> None:
    content = bytearray(make(exif(order, place=b"23/1,7/1,45/1", when=b"2026:11:23 08:00:00")))
    size = len(content)
    assert blank_location(content, kind)
    assert len(content) == size
    assert b"23/1,7/1,45/1" not in content
    assert b"2026:11:23 08:00:00" in content
    assert not blank_location(content, kind), "nothing is left to blank"


def test_a_place_in_xmp_is_blanked_too() -> None:
    content = bytearray(jpeg(xmp('exif:GPSLatitude="23,7.5N" exif:Model="P60"')))
    assert blank_location(content, "image/jpeg")
    assert b"23,7.5N" not in content
    assert b"P60" in content


def test_a_png_keeps_right_checksums() -> None:
    content = bytearray(png(exif("II", place=b"23/1", when=b"2026")))
    blank_location(content, "image/png")
    at = content.index(b"eXIf")
    length = int.from_bytes(content[at - 4 : at], "big")
    end = at + 4 + length
    assert zlib.crc32(bytes(content[at:end])) == int.from_bytes(content[end : end + 4], "big")


def test_damaged_metadata_never_breaks_an_upload() -> None:
    whole = jpeg(exif("II", place=b"23/1", when=b"2026"))
    for cut in range(2, len(whole)):
        blank_location(bytearray(whole[:cut]), "image/jpeg")


def test_a_file_is_kept_once_under_its_digest_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    first = files.keep(io.BytesIO(png()), limit=LIMIT, blank=True)
    again = files.keep(io.BytesIO(png()), limit=LIMIT, blank=True)
    assert first == again
    assert files.path(first.digest).read_bytes() == png()
    assert files.path(first.digest).stat().st_mode & 0o777 == 0o600
    assert not list((tmp_path / "arriving").iterdir()), "no scratch is left"


@pytest.mark.parametrize(("content", "reason"), [(png() + bytes(LIMIT), "size"), (b"text", "type")])
def test_what_is_not_taken_leaves_nothing_behind(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(NotTaken, match=reason):
        FileStore(tmp_path).keep(io.BytesIO(content), limit=LIMIT, blank=True)
    assert not list((tmp_path / "arriving").iterdir())


def test_an_arriving_file_goes_on_where_it_stopped_and_is_checked_at_the_end(tmp_path: Path) -> None:
    there = FileStore(tmp_path / "there")
    digest = there.keep(io.BytesIO(png()), limit=LIMIT, blank=True).digest
    here = FileStore(tmp_path / "here")
    here.append(digest, 0, there.read(digest, 0, 10))
    assert here.append(digest, 0, b"again") == 10, "a piece that comes twice is added once"
    here.append(digest, 10, there.read(digest, 10, LIMIT))
    here.complete(digest)
    assert here.has(digest)
    assert here.path(digest).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_not_what_it_should_be_is_forgotten(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    files.append("ab" * 32, 0, b"something else")
    with pytest.raises(Damaged):
        files.complete("ab" * 32)
    assert files.received("ab" * 32) == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd.jpg"), ("C:\\照片\\现场.JPG", "现场.JPG"), ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie: x.jpg"),
        ("", "file.jpg"), ("page.html", "page.html.jpg"), ("长" * 300, "长" * 112 + ".jpg"),
    ],
)  # fmt: skip
def test_a_name_is_safe_and_ends_as_its_content(given: str, kept: str) -> None:
    assert clean_name(given, "image/jpeg") == kept


def test_only_sound_references_are_fetched() -> None:
    good = {"digest": "ab" * 32, "size": 5, "media_type": "image/png", "id": "-", "name": "-"}
    bad: list[Any] = [{**good, "digest": "../../x"}, {**good, "size": 1 << 40}, {**good, "media_type": "text/html"}, 7]
    assert [item.digest for item in references({"attachments": [*bad, good]})] == ["ab" * 32]
    assert references({"attachments": {"0": good}}) == []
    assert references([good]) == []
