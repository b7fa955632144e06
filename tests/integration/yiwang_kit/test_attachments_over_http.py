"""The attachments' door of a hub: rights of the owner decide, content decides the type, size is bounded, nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.kit_lab import COUNTY, URL, WRITE, Lab, open_lab
from support.pictures import exif, jpeg
from support.postgres import Server
from yiwang_kit.attachments import Rights
from yiwang_kit.authorisation import allowed

FILES = "/api/attachments/v1"
HEADERS = {"X-Yiwang-CSRF": "1", "Origin": URL}
PLACE = {"service": "kit", "object_type": "row", "object_id": "7"}


@pytest.fixture(scope="module")
def opened_lab(postgres: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A hub that keeps attachments of rows for who may write in the county."""
    folder = tmp_path_factory.mktemp("attachments")
    name = postgres.create(template)
    with open_lab(
        postgres.url(name), attachments_dir=str(folder), attachments={"quota_bytes": 3 * 1024 * 1024}
    ) as opened:
        opened.runtime.attachments.register("kit", Rights(
            may_add=lambda session, actor, *_: allowed(session, actor, WRITE, division=COUNTY),
            may_read=lambda session, actor, *_: allowed(session, actor, WRITE, division=COUNTY),
        ))  # fmt: skip
        yield opened
    postgres.drop(name)


def upload(lab: Lab, content: bytes, name: str = "现场.jpg", **changes: str) -> Any:
    return lab.client.post(FILES, data=PLACE | changes, files={"file": (name, content)}, headers=HEADERS)


def sign_in(lab: Lab, *, writer: bool) -> None:
    person = lab.person()
    if writer:
        lab.allow(person, WRITE, division=COUNTY)
    lab.sign_in(person)


def test_a_photo_comes_back_as_it_went_in_without_its_place(lab: Lab) -> None:
    sign_in(lab, writer=True)
    answer = upload(lab, jpeg(exif("MM", place=b"23/1,7/1", when=b"2026:11:23"), size=1_500_000))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["name"], made["media_type"], made["here"]) == ("现场.jpg", "image/jpeg", True)
    got = lab.client.get(f"{FILES}/{made['id']}")
    assert len(got.content) == made["size"]
    assert b"23/1,7/1" not in got.content
    assert got.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
    assert got.headers["x-content-type-options"].startswith("nosniff")
    assert got.headers["content-disposition"].startswith("inline; filename*=UTF-8''%E7%8E%B0")
    again = lab.client.get(f"{FILES}/{made['id']}", headers={"If-None-Match": got.headers["etag"]})
    assert again.status_code == 304
    listed = lab.client.get(FILES, params=PLACE).json()
    assert (listed["here"], listed["total"], listed["since"]) == (1, 1, None)


@pytest.mark.parametrize(
    ("content", "changes", "status"),
    [
        (b"<script>alert(1)</script>", {}, 422), (jpeg(size=21 * 1024 * 1024), {}, 413), (jpeg(), {"service": "nobody"}, 404),
        (jpeg(), {"object_id": ""}, 422), (jpeg(size=2_900_000), {}, 503),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_with_a_reason(lab: Lab, content: bytes, changes: Any, status: int) -> None:
    sign_in(lab, writer=True)
    answer = upload(lab, content, **changes)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_the_owners_right_nobody_adds_sees_or_learns_that_it_is_there(lab: Lab) -> None:
    sign_in(lab, writer=True)
    made = upload(lab, jpeg()).json()
    lab.client.cookies.clear()
    assert upload(lab, jpeg()).status_code == 401
    lab.sign_in(lab.person("wang"))
    assert upload(lab, jpeg()).status_code == 403
    assert lab.client.get(f"{FILES}/{made['id']}").status_code == 404
    assert lab.client.get(FILES, params=PLACE).json()["items"] == []


def test_a_form_without_the_header_against_forgery_is_refused(lab: Lab) -> None:
    sign_in(lab, writer=True)
    answer = lab.client.post(
        FILES, data=PLACE, files={"file": ("a.jpg", jpeg())}, headers={"Origin": "http://evil.test"}
    )
    assert answer.status_code == 403


def test_files_of_uploads_that_never_committed_are_swept_after_a_day(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(lab, writer=True)
    kept = upload(lab, jpeg(size=99)).json()["digest"]
    desk = lab.runtime.attachments
    assert [path.name for path in desk.files.strays(lambda _: False)] == [], "young files are left alone"
    desk.files.append("cd" * 32, 0, b"half a file")
    monkeypatch.setattr("yiwang_kit.attachments.files.STRAY_SECONDS", -1.0)
    with lab.runtime.database.transaction() as session:
        assert desk.sweep(session) == 1
    assert desk.files.has(kept)
    assert Path(desk.files.path(kept)).is_file()
