"""Workspaces: made once, found from where a person stands, and their state in the place the system keeps for it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from yiwang.errors import DefinitionError, NotReady, Refused
from yiwang.model.workspace import Profile
from yiwang.operate.initialise import initialise
from yiwang.operate.workspace import find_workspace, open_workspace, runtime_root, state_root


def made(folder: Path, **wishes: object) -> Path:
    initialise(folder, **wishes)  # type: ignore[arg-type]  # each test passes what it is about
    return folder


def test_a_new_workspace_has_the_first_three_sites_and_a_key_of_its_own(tmp_path: Path) -> None:
    workspace = initialise(tmp_path / "workspace")
    assert [site.id for site in workspace.load_tree()] == ["440000", "441700", "441721"]
    assert stat.S_IMODE(workspace.operator_key.stat().st_mode) == 0o600
    assert workspace.demo


def test_what_stands_above_a_chosen_site_comes_along(tmp_path: Path) -> None:
    workspace = initialise(tmp_path / "w", sites=["441900401"])
    assert [site.id for site in workspace.load_tree()] == ["440000", "441900", "441900401"]


def test_the_whole_reference_tree_can_be_taken(tmp_path: Path) -> None:
    assert len(initialise(tmp_path / "w", sites=None).load_tree()) == 145


def test_a_production_workspace_is_no_demo(tmp_path: Path) -> None:
    assert not initialise(tmp_path / "w", profile=Profile.PRODUCTION).demo


def test_a_second_init_changes_nothing_and_says_so(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(Refused, match="already"):
        initialise(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_half_finished_init_is_finished_by_the_next(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")
    (folder / "workspace.yaml").unlink()
    (folder / "sites" / "441721.yaml").unlink()
    assert len(initialise(folder).load_tree()) == 3


def test_an_init_that_was_cut_off_before_the_operators_key_is_finished_by_the_next(tmp_path: Path) -> None:
    key = initialise(tmp_path / "w").operator_key
    key.unlink()
    assert initialise(tmp_path / "w").operator_key.is_file()


def test_somebody_elses_site_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "441721.yaml").write_text("mine")
    with pytest.raises(NotReady, match=r"441721\.yaml"):
        initialise(tmp_path)
    assert (tmp_path / "sites" / "441721.yaml").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotReady, match="not a folder"):
        initialise(tmp_path / "file" / "w")


def test_a_site_that_the_reference_tree_lacks_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="999999"):
        initialise(tmp_path / "w", sites=["999999"])
    assert not (tmp_path / "w").exists()


def test_two_workspaces_never_share_state(tmp_path: Path) -> None:
    first, second = (initialise(tmp_path / name) for name in ("a", "b"))
    assert first.state.root != second.state.root
    assert first.state.runtime != second.state.runtime


def test_a_path_with_spaces_and_chinese_characters_is_a_path(tmp_path: Path) -> None:
    folder = made(tmp_path / "一网 工作区" / "w s")
    assert find_workspace(cwd=folder / "sites", environ={}).folder == folder


def test_it_is_found_above_the_current_folder(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")
    assert find_workspace(cwd=folder / "sites", environ={}).folder == folder


def test_it_is_found_as_the_folder_workspace(tmp_path: Path) -> None:
    folder = made(tmp_path / "workspace")
    assert find_workspace(cwd=tmp_path, environ={}).folder == folder


def test_the_flag_comes_before_the_environment_and_that_before_the_folder(tmp_path: Path) -> None:
    here, named, flagged = (made(tmp_path / name) for name in ("here", "named", "flagged"))
    environ = {"YIWANG_WORKSPACE": str(named)}
    assert find_workspace(cwd=here, environ=environ).folder == named
    assert find_workspace(flagged, cwd=here, environ=environ).folder == flagged


def test_without_any_the_next_command_makes_one(tmp_path: Path) -> None:
    with pytest.raises(NotReady) as caught:
        find_workspace(cwd=tmp_path, environ={})
    assert caught.value.next == "yiwang init workspace"


def test_a_wrong_workspace_file_is_named_with_its_line(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")
    file = folder / "workspace.yaml"
    file.write_text(file.read_text().replace("profile: demo", "profile: test"))
    with pytest.raises(DefinitionError) as caught:
        open_workspace(folder, {})
    assert (caught.value.line, caught.value.key) == (3, "profile")


def test_the_state_folder_is_where_the_system_keeps_such_things() -> None:
    assert state_root("w", {"HOME": "/home/li"}, root=False) == Path("/home/li/.local/state/yiwang/w")
    assert state_root("w", {"XDG_STATE_HOME": "/x"}, root=False) == Path("/x/yiwang/w")
    assert state_root("w", {"HOME": "/root"}, root=True) == Path("/var/lib/yiwang/w")
    assert state_root("w", {"YIWANG_STATE": "/s", "HOME": "/root"}, root=True) == Path("/s")


def test_the_runtime_folder_is_short_however_deep_the_state_lies() -> None:
    deep = Path("/", *["very-long-folder-name"] * 20)
    assert len(str(runtime_root(deep, {}))) < 20
