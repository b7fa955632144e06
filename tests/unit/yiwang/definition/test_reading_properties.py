"""Whatever bytes a site file holds, the answer is a site or a sentence: never a stack, never another kind of error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.trees import COUNTY, DIVISIONS, write_tree
from yiwang.definition import distribution
from yiwang.definition.tree import read_tree
from yiwang.definition.wording import EXPECTED

KEYS = st.sampled_from([*EXPECTED, "", "kode", "名称"])
SCALARS = st.sampled_from(
    ["441721", '"441721"', "~", "true", "0x1F", "1_000", ".nan", "2026-11-01", "[]", "{}", "[[[", "&a x", "*a", "!!int x",
     "!!binary =", "<<", "|", "> x", '"\\ud800"', '"\\x00"', "'; drop table site;--", "=1+1", "𠮷", "- x", "? a", "%YAML"]
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"))


def judged(folder: Path, data: bytes) -> None:
    (folder / "441721.yaml").write_bytes(data)
    tree, problems = read_tree(folder, distribution(), DIVISIONS)
    assert ("441721" in tree) or problems
    for problem in problems:
        assert problem.next
        assert problem.line is None or problem.line >= 1


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.tuples(KEYS, SCALARS), max_size=8))
def test_any_keys_with_any_values(folder: Path, lines: list[tuple[str, str]]) -> None:
    judged(folder, "".join(f"{key}: {value}\n" for key, value in lines).encode("utf-8", "surrogatepass"))


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes(folder: Path, data: bytes) -> None:
    judged(folder, data)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, len(COUNTY.encode())), data=st.binary(min_size=1, max_size=6))
def test_a_good_file_with_a_few_bytes_put_in(folder: Path, place: int, data: bytes) -> None:
    good = COUNTY.encode()
    judged(folder, good[:place] + data + good[place:])


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_as_a_name(folder: Path, text: str) -> None:
    escaped = "".join(f"\\U{ord(char):08x}" for char in text)
    judged(folder, COUNTY.replace("阳西县", f'"{escaped}"').encode())
