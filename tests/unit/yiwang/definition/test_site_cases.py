"""Every case file is a site file, and what is said about it; its name says the outcome."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.trees import DIVISIONS, write_tree
from yiwang.definition import distribution
from yiwang.definition.tree import read_tree
from yiwang.errors import DefinitionError, ExitCode

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def judged(case: Path, folder: Path) -> tuple[dict[str, object], tuple[DefinitionError, ...]]:
    content = yaml.safe_load(case.read_text(encoding="utf-8"))
    tree = write_tree(folder)
    (tree / content["file"]).write_text(content["text"], encoding="utf-8")
    if content["file"] != "441721.yaml" and ".ok." in case.name:
        (tree / "441721.yaml").unlink()
    return content, read_tree(tree, distribution(), DIVISIONS)[1]


@pytest.mark.parametrize("case", [c for c in CASES if ".error." in c.name], ids=lambda case: case.stem)
def test_a_wrong_file_is_named_with_line_key_and_expectation(case: Path, tmp_path: Path) -> None:
    content, problems = judged(case, tmp_path)
    assert problems, "nothing was found wrong"
    mine = [problem for problem in problems if problem.path.endswith(f"/{content['file']}")]
    first = mine[0]
    assert (first.line, first.key) == (content["line"], content["key"])
    for words in content["words"]:  # type: ignore[attr-defined]  # a case's content is plain YAML
        assert words in str(first)
    assert first.next
    assert first.exit_code is ExitCode.DEFINITION


@pytest.mark.parametrize("case", [c for c in CASES if ".ok." in c.name], ids=lambda case: case.stem)
def test_a_right_file_is_accepted(case: Path, tmp_path: Path) -> None:
    _, problems = judged(case, tmp_path)
    assert [str(problem) for problem in problems] == []
