"""New site files, files taken out of the tree, and what `explain` says about a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import trees
from yiwang.definition import distribution
from yiwang.definition.tree import load_tree
from yiwang.errors import DefinitionError, Refused
from yiwang.model.site import Instance, SiteTree
from yiwang.operate import explain, render, sites, validate
from yiwang.operate.writing import ChangeKind


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (sites, validate):
        monkeypatch.setattr(module, "divisions", lambda: trees.DIVISIONS)
    return trees.write_tree(tmp_path / "sites")


def tree_in(folder: Path) -> SiteTree:
    return load_tree(folder, distribution(), trees.DIVISIONS)


def test_a_new_site_takes_name_tier_and_parent_from_its_division(folder: Path) -> None:
    path = sites.new_site(folder, "441704")
    site = tree_in(folder)["441704"]
    assert path.name == "441704.yaml"
    assert (site.name, site.tier, site.parent) == ("阳东区", "county", "441700")


def test_a_town_hangs_under_its_city_where_there_is_no_county(folder: Path) -> None:
    sites.new_site(folder, "441900401")
    assert tree_in(folder)["441900401"].parent == "441900"


def test_a_twin_hangs_under_no_real_site(folder: Path) -> None:
    sites.new_site(folder, "441721", instance=Instance.TWIN)
    assert tree_in(folder)["441721-twin"].parent is None


def test_a_code_that_is_no_division_leaves_no_file(folder: Path) -> None:
    with pytest.raises(DefinitionError, match="not in the division pack"):
        sites.new_site(folder, "449999")
    assert not (folder / "449999.yaml").exists()


def test_a_site_that_would_make_the_tree_invalid_leaves_no_file(folder: Path) -> None:
    with pytest.raises(DefinitionError, match="what governs it"):
        sites.new_site(folder, "441704", parent="441900")
    assert not (folder / "441704.yaml").exists()


def test_an_existing_site_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(Refused, match="exists"):
        sites.new_site(folder, "441721")


def test_a_site_leaves_the_tree_only_when_its_id_is_typed(folder: Path) -> None:
    for typed in (None, "441700", "44172"):
        with pytest.raises(Refused, match="typed"):
            sites.remove_from_tree(folder, "441721", confirmed=typed)
    sites.remove_from_tree(folder, "441721", confirmed="441721")
    assert "441721" not in tree_in(folder)


def test_a_site_with_others_below_stays(folder: Path) -> None:
    with pytest.raises(Refused, match="hang under it"):
        sites.remove_from_tree(folder, "441700", confirmed="441700")


def test_a_subtree_and_a_tier_can_be_selected(folder: Path) -> None:
    tree = tree_in(folder)
    assert [site.id for site in sites.select(tree, under="441700")] == ["441700", "441721"]
    assert [site.id for site in sites.select(tree, tier="city")] == ["441700", "441900"]
    with pytest.raises(Refused):
        sites.select(tree, under="1")


def test_everything_that_is_declared_can_be_explained(folder: Path) -> None:
    tree, definition = tree_in(folder), distribution()
    answers = [explain.explain_service(spec.name) for spec in definition.services]
    answers += [explain.explain_tier(spec.name) for spec in definition.tiers]
    answers += [explain.explain_setting(spec.name) for spec in definition.settings]
    answers += [explain.explain_site(tree, site.id) for site in tree]
    answers += [explain.explain_service(None), explain.explain_tier(None), explain.explain_setting(None)]
    answers += [explain.explain_site(tree, None)]
    assert all(answer.facts and answer.next for answer in answers)


def test_a_misspelt_name_is_answered_with_the_likely_one() -> None:
    with pytest.raises(Refused, match="did you mean county"):
        explain.explain_tier("contry")


def test_render_writes_what_differs_and_a_second_run_nothing(tmp_path: Path) -> None:
    assert render.render([], tmp_path)
    assert render.render([], tmp_path) == ()


def test_a_page_edited_by_hand_a_missing_one_and_a_stale_one_are_found(tmp_path: Path) -> None:
    render.render([], tmp_path)
    pages = tmp_path / "docs/reference"
    (pages / "ports.md").write_text("by hand")
    (pages / "tiers.md").unlink()
    (pages / "old.md").write_text((pages / "services.md").read_text(encoding="utf-8"), encoding="utf-8")
    (pages / "ours.md").write_text("written by people")
    found = {(change.path.rsplit("/", 1)[-1], change.kind) for change in render.check([], tmp_path)}
    assert found == {("ports.md", ChangeKind.CHANGED), ("tiers.md", ChangeKind.NEW), ("old.md", ChangeKind.STALE)}
    render.render([], tmp_path)
    assert not (pages / "old.md").exists()
    assert (pages / "ours.md").exists()


def test_a_division_is_found_by_code_by_its_beginning_and_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "divisions", lambda: trees.DIVISIONS)
    tree = tree_in(folder)
    assert explain.explain_division(tree, "441721").next == "yiwang explain site 441721"
    assert explain.explain_division(tree, "441704").next == "yiwang site new 441704"
    assert set(explain.explain_division(tree, "4417").facts) == {"441700", "441704", "441721", "441722"}
    assert set(explain.explain_division(tree, "阳").facts) == {"441700", "441704", "441721"}
    with pytest.raises(Refused, match="no division"):
        explain.explain_division(tree, "99")
