"""A county without a network: orders, photos and acknowledgements travel on sticks, and a wrong stick changes nothing."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.exchange_lab import Lab, ledgers_are_equal
from support.pictures import jpeg
from support.postgres import Server
from yiwang_kit.exchange.carrying import Taken, Written
from yiwang_kit.exchange.stick import SMALLEST, StickRefused

COUNTY, CITY, PROVINCE = "441721", "441700", "440000"
PHOTO = jpeg(size=2_500_000)


@pytest.fixture
def lab(postgres: Server, template: str, tmp_path: Path) -> Iterator[Lab]:
    """Province and city are linked; the county hangs by a stick."""
    laboratory = Lab(postgres, template, folder=tmp_path / "attachments", sticks=[COUNTY])
    yield laboratory
    laboratory.close()


class Bag:
    """Carries sticks between the lab's sites."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.trips = 0

    def pack(self, origin: str, destination: str, limit: int | None = None) -> list[Path]:
        self.trips += 1
        folder = self.folder / str(self.trips)
        folder.mkdir(parents=True)
        courier = self.lab[origin].exchange.courier()
        try:
            written: Written = courier.export(destination, folder, limit=limit, actor="tester")
        finally:
            courier.close()
        return [Path(file) for file in written.files]

    def unpack(self, site: str, file: Path) -> Taken:
        courier = self.lab[site].exchange.courier()
        try:
            taken = courier.take(file, actor="tester")
        finally:
            courier.close()
        self.lab.settle()
        return taken

    def carry(self, origin: str, destination: str) -> list[Taken]:
        return [self.unpack(destination, file) for file in self.pack(origin, destination)]


@pytest.fixture
def bag(lab: Lab, tmp_path: Path) -> Bag:
    return Bag(lab, tmp_path / "bag")


def test_an_order_with_a_photo_goes_up_and_its_answer_comes_back_by_stick_alone(lab: Lab, bag: Bag) -> None:
    lab[COUNTY].send(PROVINCE, "order-1", 1, files=[PHOTO])
    lab[COUNTY].send(CITY, "order-2", 2)
    [there] = bag.carry(COUNTY, CITY)
    assert (there.envelopes, there.attachments, there.waiting) == (2, 1, 0)
    assert lab[PROVINCE].received(COUNTY) == {"order-1": [1]}, "from the city it goes on over the network"
    [photo] = lab[PROVINCE].files_of("order-1")
    assert lab[PROVINCE].attachments.path(photo.digest).read_bytes() == PHOTO
    lab[PROVINCE].send(COUNTY, "order-1", 3)
    lab.settle()
    [back] = bag.carry(CITY, COUNTY)
    assert (back.envelopes, back.acknowledged) == (1, 2)
    assert lab[COUNTY].received(PROVINCE) == {"order-1": [3]}
    [again] = bag.carry(COUNTY, CITY)
    assert (again.envelopes, again.known, again.attachments) == (0, 0, 0), "what was acknowledged is not carried again"
    assert ledgers_are_equal(lab) == []


def test_a_stick_read_twice_and_one_lost_on_the_way_are_harmless(lab: Lab, bag: Bag) -> None:
    lab[COUNTY].send(CITY, "a", 1)
    bag.pack(COUNTY, CITY)  # lost
    lab[COUNTY].send(CITY, "a", 2)
    [file] = bag.pack(COUNTY, CITY)
    assert bag.unpack(CITY, file).envelopes == 2
    twice = bag.unpack(CITY, file)
    assert (twice.envelopes, twice.known) == (0, 2)
    assert lab[CITY].received(COUNTY) == {"a": [1, 2]}


def test_small_sticks_are_read_in_order_and_the_wrong_order_says_which_comes_first(lab: Lab, bag: Bag) -> None:
    for value in range(4):
        lab[COUNTY].send(CITY, "a", value, files=[jpeg(size=1_700_000 + value)])
    files = bag.pack(COUNTY, CITY, limit=SMALLEST)
    assert len(files) > 2
    assert all(file.stat().st_size <= SMALLEST for file in files)
    with pytest.raises(StickRefused, match="import the earlier one first"):
        bag.unpack(CITY, files[1])
    assert lab[CITY].received(COUNTY) == {}
    assert [bag.unpack(CITY, file).waiting for file in files][-1] == 0
    assert all(item.here for item in lab[CITY].files_of("a"))
    with pytest.raises(StickRefused, match="at least"):
        bag.pack(COUNTY, CITY, limit=1000)


def test_half_a_stick_a_changed_one_and_another_pairs_are_refused_and_change_nothing(lab: Lab, bag: Bag) -> None:
    lab[COUNTY].send(CITY, "a", 1, files=[jpeg()])
    [file] = bag.pack(COUNTY, CITY)
    whole = file.read_bytes()
    for cut in (0, 100, whole.index(b"manifest.json") + 600, whole.index(b"signature.json") + 530):
        file.write_bytes(whole[:cut])
        with pytest.raises(StickRefused, match="不完整"):
            bag.unpack(CITY, file)
    at = whole.index(b"-batch") + 700
    file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(StickRefused, match="与签名的摘要不符"):
        bag.unpack(CITY, file)
    file.write_bytes(rewritten(whole, b'"schema":1', b'"schema":1,"x":1'))
    with pytest.raises(StickRefused, match="签名无效"):
        bag.unpack(CITY, file)
    file.write_bytes(whole)
    with pytest.raises(StickRefused, match=f"this stick goes to {CITY}") as refused:
        bag.unpack(COUNTY, file)
    assert refused.value.next == f"yiwang exchange import {CITY} --from FILE"
    with pytest.raises(StickRefused, match="不经介质相连"):
        bag.pack(CITY, PROVINCE)
    assert lab[CITY].received(COUNTY) == {}
    assert bag.unpack(CITY, file).envelopes == 1


def test_a_county_restored_behind_its_stick_gets_back_what_it_lost_and_its_old_sticks_are_refused(
    lab: Lab, bag: Bag
) -> None:
    lab[COUNTY].send(CITY, "a", 1)
    bag.carry(COUNTY, CITY)
    lab[CITY].send(COUNTY, "b", 2)
    bag.carry(CITY, COUNTY)
    copy = lab.backup(COUNTY)
    lab[COUNTY].send(CITY, "a", 3)
    bag.carry(COUNTY, CITY)
    lab[CITY].send(COUNTY, "b", 4)
    bag.carry(CITY, COUNTY)
    [old] = bag.pack(COUNTY, CITY)
    lab.restore(COUNTY, copy)
    lab[COUNTY].send(CITY, "a", 5)
    [asks] = bag.carry(COUNTY, CITY)
    assert asks.envelopes == 0, "it sends nothing before it has back what it lost"
    bag.carry(CITY, COUNTY)
    assert lab[COUNTY].received(COUNTY, recovered=True) == {"a": [3]}
    assert lab[COUNTY].received(CITY) == {"b": [2, 4]}
    bag.carry(COUNTY, CITY)
    bag.carry(CITY, COUNTY)
    assert lab[CITY].received(COUNTY) == {"a": [1, 3, 5]}
    with pytest.raises(StickRefused, match="incarnation 1"):
        bag.unpack(CITY, old)
    assert ledgers_are_equal(lab) == []


def rewritten(content: bytes, old: bytes, new: bytes) -> bytes:
    """Return a stick whose manifest was changed by somebody who knows tar and has no key."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive, tarfile.open(fileobj=out, mode="w:") as target:
        for member in archive:
            file = archive.extractfile(member)
            body = file.read() if file else b""
            body = body.replace(old, new) if member.name == "manifest.json" else body
            member.size = len(body)
            target.addfile(member, io.BytesIO(body))
    return out.getvalue()
