"""The strict reader: what bytes can do to it, and that all problems of a tree come in one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.trees import COUNTY, DIVISIONS, write_tree
from yiwang.definition import distribution
from yiwang.definition.reading import LARGEST_FILE, read_document
from yiwang.definition.tree import load_tree, read_tree
from yiwang.errors import DefinitionError


def problem_of(folder: Path, data: bytes) -> DefinitionError:
    path = folder / "441721.yaml"
    path.write_bytes(data)
    with pytest.raises(DefinitionError) as caught:
        read_document(path)
    return caught.value


def test_gb18030_bytes_are_refused_with_the_line_and_the_command_that_converts(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, 'code: "441721"\nname: 阳西县\n'.encode("gb18030"))
    assert problem.line == 2
    assert problem.next.startswith("iconv -f GB18030")


def test_a_hundred_thousand_levels_end_in_a_sentence(tmp_path: Path) -> None:
    deep = b"code: " + b"[" * 60_000
    assert "deep" in str(problem_of(tmp_path, deep))


def test_a_file_of_five_megabytes_is_not_parsed(tmp_path: Path) -> None:
    assert "bytes" in str(problem_of(tmp_path, b"x" * 5_000_000))


def test_the_largest_file_is_small(tmp_path: Path) -> None:
    assert LARGEST_FILE == 65536


@pytest.mark.parametrize("data", [b"code: \x00", b'name: "\\ud800"', b"\xff\xfe\x00a"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "440000.yaml"
    path.write_bytes(data)
    with pytest.raises(DefinitionError):
        load_tree(tmp_path, distribution(), DIVISIONS)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="a file that can be read"):
        read_document(tmp_path / "absent.yaml")


def test_a_byte_order_mark_of_a_windows_editor_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "441721.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + COUNTY.encode())
    assert read_document(path).data["code"] == "441721"


def test_one_run_names_every_problem_of_every_file(tmp_path: Path) -> None:
    write_tree(tmp_path, _441721=COUNTY + "a: 1\nb: 2\n", _441900="code: 1\n")
    _, problems = read_tree(tmp_path, distribution(), DIVISIONS)
    found = {(Path(problem.path).name, problem.key) for problem in problems}
    assert len(problems) == len({str(problem) for problem in problems}), "each once"
    assert {("441721.yaml", "a"), ("441721.yaml", "b"), ("441900.yaml", "code"), ("441900.yaml", "name")} <= found


def test_the_first_problem_carries_the_others(tmp_path: Path) -> None:
    write_tree(tmp_path, _441721=COUNTY + "a: 1\nb: 2\n")
    with pytest.raises(DefinitionError) as caught:
        load_tree(tmp_path, distribution(), DIVISIONS)
    assert [problem.key for problem in caught.value.others] == ["b"]
    assert caught.value.to_json()["others"][0]["line"] == 6


def test_a_folder_without_sites_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        load_tree(tmp_path / "nothing", distribution(), DIVISIONS)
    assert caught.value.next == "yiwang init"


def test_a_longer_cycle_is_named_once_a_member(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        _440000='code: "440000"\nname: 广东省\ntier: province\nparent: "441721"\n',
    )
    tree, problems = read_tree(tmp_path, distribution(), DIVISIONS)
    cycles = [problem for problem in problems if "a cycle" in str(problem)]
    assert {Path(problem.path).stem for problem in cycles} == {"440000", "441700", "441721"}
    assert len(tree) == 4, "sites of a cycle are judged, not lost"
