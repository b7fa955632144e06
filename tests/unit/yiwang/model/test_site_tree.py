"""The tree: its order, its ways up and down, and the only neighbours that a link may lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.trees import DIVISIONS, write_tree
from yiwang.definition import distribution
from yiwang.definition.tree import load_tree
from yiwang.model.paths import StatePaths
from yiwang.model.site import Instance, Site, SiteTree


@pytest.fixture
def tree(tmp_path: Path) -> SiteTree:
    return load_tree(write_tree(tmp_path), distribution(), DIVISIONS)


def test_parents_come_before_their_children(tree: SiteTree) -> None:
    assert [site.id for site in tree] == ["440000", "441700", "441721", "441900"]


def test_the_way_up_starts_at_the_root(tree: SiteTree) -> None:
    assert [site.id for site in tree.ancestors("441721")] == ["440000", "441700"]
    assert tree.ancestors("440000") == ()


def test_a_subtree_begins_with_its_own_site(tree: SiteTree) -> None:
    assert [site.id for site in tree.subtree("441700")] == ["441700", "441721"]


def test_siblings_are_no_neighbours(tree: SiteTree) -> None:
    assert [site.id for site in tree.neighbours("441700")] == ["440000", "441721"]


def test_a_tree_never_loses_a_site_whose_parent_is_missing() -> None:
    orphan = Site(id="441721", code="441721", name="阳西县", tier="county", parent="441700")
    assert [site.id for site in SiteTree([orphan])] == ["441721"]


def test_an_id_may_be_an_earlier_code_and_always_names_its_instance() -> None:
    site = Site(
        id="441781-twin", code="441704", formerly=("441781",), name="阳东区", tier="county", instance=Instance.TWIN
    )
    assert site.allowed_ids() == ("441704-twin", "441781-twin")


def test_every_socket_path_fits_into_a_unix_address() -> None:
    paths = StatePaths(root=Path("/state"), runtime=Path("/tmp/yw-01234567"))  # noqa: S108 - only its length counts
    longest = paths.site("441900401001-training").runtime / ".s.PGSQL.7432.lock"
    assert len(str(longest)) < 107
