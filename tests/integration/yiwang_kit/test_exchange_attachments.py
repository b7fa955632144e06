"""Attachments between three sites: fetched hop by hop, resumed, never in front of envelopes, given only to who may have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.exchange_lab import Lab
from support.pictures import jpeg
from support.postgres import Server
from yiwang_kit.attachments import store as attachments
from yiwang_kit.exchange.carrier import LinkDown
from yiwang_kit.exchange.link import pack, unpack

PHOTO = jpeg(size=400_000)


@pytest.fixture
def lab(postgres: Server, template: str, tmp_path: Path) -> Iterator[Lab]:
    laboratory = Lab(postgres, template, folder=tmp_path)
    yield laboratory
    laboratory.close()


def test_a_photo_follows_its_order_over_two_hops_and_a_cut_link(lab: Lab) -> None:
    county, city, province = lab["441721"], lab["441700"], lab["440000"]
    chance = iter([True, False] * 500)

    def flaky(sender: str, receiver: str, content: bytes, reach: Any) -> bytes:
        piece = unpack(content).get("op") == "attachment"
        if piece and next(chance):
            raise LinkDown("cut")
        return bytes(reach(content))

    county.send("440000", "order-1", 1, files=[PHOTO, jpeg()])
    county.send("440000", "order-1", 2)
    lab.network.weather = flaky
    for name in ("441721", "441700", "440000"):
        lab.step(name)
    assert province.received("441721") == {"order-1": [1, 2]}, "envelopes do not wait for files"
    with province.database.transaction() as session:
        progress = province.attachments.progress(session, "kit", "order", "order-1")
        assert (progress.here, progress.total) == (0, 2)
        assert progress.since is not None
        assert province.exchange.links(session)[0].attachments_awaited == 2
    settle(lab)
    found = province.files_of("order-1")
    assert [item.here for item in found] == [True, True]
    assert [item.id for item in found] == [item.id for item in county.files_of("order-1")]
    with province.attachments.open(found[0].digest) as file:
        assert file.read() == PHOTO
    assert not city.files_of("order-1"), "the city only passed it on"


def test_a_file_goes_only_to_whom_it_was_offered_and_only_after_envelopes(lab: Lab) -> None:
    county, city = lab["441721"], lab["441700"]
    county.send("441700", "a", 1, files=[PHOTO])
    lab.settle()
    [photo] = city.files_of("a")
    question = {"op": "attachment", "site": "440000", "digest": photo.digest, "offset": 0}
    reply = unpack(city.exchange.answer("440000", pack(question)))
    assert "未向 440000 提供" in reply["refused"]
    with county.database.transaction() as session:
        for value in range(501):
            county.exchange.send(session, to="441700", kind="kit.lab", key=str(value), payload={"value": value})
    reply = unpack(county.exchange.answer("441700", pack({**question, "site": "441700"})))
    assert "501 envelopes go first" in reply["later"]


def test_a_changed_piece_is_found_at_the_end_and_the_file_fetched_again(lab: Lab) -> None:
    county, city = lab["441721"], lab["441700"]
    county.send("441700", "a", 1, files=[jpeg()])
    lab.step("441721")
    [photo] = county.files_of("a")
    assert city.puller is not None
    city.attachments.files.append(photo.digest, 0, b"x" * photo.size)
    city.puller.work()
    assert not city.attachments.files.has(photo.digest)
    assert error_of(lab, photo.digest).startswith("摘要不符")
    settle(lab)
    assert city.attachments.files.has(photo.digest)


def settle(lab: Lab) -> None:
    """Let everything come to rest, with files tried again at once instead of after their pause."""
    for _ in range(40):
        for site in lab.sites.values():
            with site.database.transaction() as session:
                session.execute(attachments.text("UPDATE kit.attachment_file SET try_at = since"))
        lab.settle()


def error_of(lab: Lab, digest: str) -> str:
    with lab["441700"].database.transaction() as session:
        row = session.execute(
            attachments.text("SELECT last_error FROM kit.attachment_file WHERE digest = :d"), {"d": digest}
        )
        return str(row.scalar_one())
