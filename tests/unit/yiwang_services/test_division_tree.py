"""The division pack and the part of it that a site keeps."""

from __future__ import annotations

from collections import Counter

import pytest

from yiwang_services.management import divisions
from yiwang_services.packs import PackMissing, pack

TREE = divisions.read(pack("divisions-2023"))


def test_the_pack_holds_guangdong_down_to_its_villages() -> None:
    assert Counter(row.tier for row in TREE.values()) == {
        "province": 1,
        "city": 21,
        "county": 122,
        "town": 1757,
        "village": 26842,
    }


def test_every_division_but_the_province_hangs_under_one_that_is_there() -> None:
    assert [row.code for row in TREE.values() if row.parent not in TREE] == ["440000"]


@pytest.mark.parametrize("city", ["441900", "442000"])
def test_cities_without_counties_hold_their_towns_directly(city: str) -> None:
    assert {row.tier for row in TREE.values() if row.parent == city} == {"town"}


def test_a_county_keeps_its_ancestors_itself_and_what_is_below() -> None:
    kept = divisions.kept_at(TREE, "441721")
    assert {"440000", "441700", "441721"} <= set(kept)
    assert all(code.startswith("441721") for code in kept if code not in {"440000", "441700"})
    assert len(kept) == sum(code.startswith("441721") for code in TREE) + 2


def test_the_province_keeps_everything() -> None:
    assert divisions.kept_at(TREE, "440000") == TREE


def test_a_town_of_a_city_without_counties_keeps_its_villages() -> None:
    kept = divisions.kept_at(TREE, "441900401")
    assert divisions.ancestors(TREE, "441900401") == ["440000", "441900", "441900401"]
    assert all(code.startswith("441900401") for code in set(kept) - {"440000", "441900"})


def test_the_closure_is_what_walking_up_finds() -> None:
    kept = divisions.kept_at(TREE, "441721")
    pairs = {(ancestor, descendant): depth for ancestor, descendant, depth in divisions.closure(kept)}
    assert pairs["440000", "441721"] == 2
    assert pairs["441721", "441721"] == 0
    assert len(pairs) == sum(len(divisions.ancestors(kept, code)) for code in kept)


def test_a_pack_that_is_not_installed_is_named() -> None:
    with pytest.raises(PackMissing, match="divisions-1999"):
        pack("divisions-1999")
