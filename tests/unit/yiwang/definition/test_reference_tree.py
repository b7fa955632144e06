"""The reference tree is Guangdong as the division pack has it: no site too many, none missing, none renamed."""

from __future__ import annotations

import pytest

from yiwang.definition.divisions import Division, divisions
from yiwang.model.site import SiteTree
from yiwang.operate.validate import count_tiers, reference_folder, reference_tree, validate

WITHOUT_COUNTIES = {"441900", "442000"}
TOWN_SITES = {"441900401"}


@pytest.fixture(scope="module")
def tree() -> SiteTree:
    return reference_tree()


@pytest.fixture(scope="module")
def pack() -> dict[str, Division]:
    found = divisions()
    assert found, "the division pack is part of the checkout"
    return found


def test_it_is_valid() -> None:
    judged = validate(reference_folder())
    assert [str(problem) for problem in judged.problems] == []
    assert judged.divisions_checked


def test_it_has_144_sites_and_songshan_lake(tree: SiteTree) -> None:
    assert count_tiers(tree) == {"province": 1, "city": 21, "county": 122, "town": 1}


def test_it_has_a_site_for_every_province_city_and_county_of_the_pack(
    tree: SiteTree, pack: dict[str, Division]
) -> None:
    governed = {code for code, row in pack.items() if row.tier in ("province", "city", "county")}
    assert {site.id for site in tree} == governed | TOWN_SITES


def test_names_are_those_of_the_pack(tree: SiteTree, pack: dict[str, Division]) -> None:
    assert [(site.id, site.name) for site in tree if site.name != pack[site.code].name] == []


def test_parents_are_those_of_the_pack(tree: SiteTree, pack: dict[str, Division]) -> None:
    assert [site.id for site in tree if site.parent != pack[site.code].parent] == []


def test_dongguan_and_zhongshan_have_no_counties(tree: SiteTree) -> None:
    below = {child.id for city in WITHOUT_COUNTIES for child in tree.children(city)}
    assert below == TOWN_SITES


def test_names_in_latin_letters_stand_where_they_are_certain(tree: SiteTree) -> None:
    named = {site.tier for site in tree if site.name_en}
    assert all(site.name_en for site in tree if site.tier in ("province", "city"))
    assert tree["441721"].name_en == "Yangxi"
    assert named == {"province", "city", "county", "town"}
