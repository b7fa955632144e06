"""A file is whole or not there, whatever the disk does, and every refusal names path and next command."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from yiwang.adapters.files import make_folder, private_file, remove_tree, write_atomic, write_json, write_once
from yiwang.errors import NotReady


def failing(number: int) -> Callable[[int], None]:
    def sync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return sync


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "disk is full"), (errno.EDQUOT, "quota"), (errno.EROFS, "read-only"), (errno.EACCES, "permission")],
)
def test_a_disk_that_refuses_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, number: int, said: str) -> None:
    target = tmp_path / "state.json"
    write_atomic(target, "old")
    with pytest.raises(NotReady, match=said) as refused:
        write_atomic(target, "new", sync=failing(number))
    assert str(target) in str(refused.value)
    assert "yiwang up" in refused.value.next
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_writing_the_same_again_changes_nothing_and_says_so(tmp_path: Path) -> None:
    target = tmp_path / "深 层" / "table.json"
    assert write_json(target, {"站点": 1})
    stamp = target.stat().st_mtime_ns
    assert not write_json(target, {"站点": 1})
    assert target.stat().st_mtime_ns == stamp


def test_a_place_below_a_regular_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    with pytest.raises(NotReady, match="not a folder") as refused:
        write_atomic(tmp_path / "home" / "state" / "x", "")
    assert refused.value.next.startswith("YIWANG_STATE=")


def test_folders_can_be_passed_by_another_user_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        make_folder(tmp_path / "a" / "b", mode=0o700)
    finally:
        os.umask(old)
    assert [oct(path.stat().st_mode & 0o777) for path in (tmp_path / "a", tmp_path / "a" / "b")] == ["0o755", "0o700"]


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "hub"
    assert write_once(secret, lambda: "first") == write_once(secret, lambda: "second") == "first"
    assert oct(secret.stat().st_mode & 0o777) == "0o600"
    assert oct(secret.parent.stat().st_mode & 0o777) == "0o700"


def test_a_private_file_takes_the_place_of_a_link_and_never_writes_through_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (tmp_path / "pw").symlink_to(victim)
    private_file(tmp_path / "pw", "secret")
    assert victim.read_text(encoding="utf-8") == "mine"


def test_removing_a_tree_never_follows_a_link_out_of_it(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    outside.mkdir()
    (outside / "precious").touch()
    (tree / "closed").mkdir(parents=True)
    (tree / "closed" / "file").touch()
    (tree / "closed").chmod(0o500)
    (tree / "link").symlink_to(outside)
    assert remove_tree(tree)
    assert not remove_tree(tree)
    assert (outside / "precious").exists()
