"""The tree is RFC 6962's: its published roots come out with SHA-256, and every path proves its own leaf only."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_kit.crypto import merkle, sm3

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]  # the reference trees of Certificate Transparency's own test suite


def leaves(size: int) -> list[bytes]:
    """Return the hashes of numbered leaves."""
    return [merkle.leaf_hash(str(number).encode()) for number in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_with_sha_256_the_published_roots_come_out(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(merkle, "sm3", lambda content: hashlib.sha256(content).digest())
    hashes = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES[:size]]
    assert merkle.root(hashes).hex() == ROOTS[size]


def test_an_empty_tree_is_the_digest_of_nothing() -> None:
    assert merkle.root([]) == sm3(b"")


@given(size=st.integers(1, 70), data=st.data())
def test_a_path_proves_its_leaf_at_its_place_and_nowhere_else(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    wrong = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    head, path = merkle.root(hashes), merkle.path(hashes, index)
    assert merkle.verify_path(hashes[index], index, size, path, head)
    assert merkle.verify_path(hashes[index], wrong, size, path, head) == (wrong == index)
    assert merkle.verify_path(hashes[wrong], index, size, path, head) == (wrong == index)


@given(size=st.integers(2, 70), data=st.data())
def test_a_path_that_was_tampered_with_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    head, path = merkle.root(hashes), merkle.path(hashes, index)
    place = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:place], sm3(path[place]), *path[place + 1 :]]
    for tampered in (changed, path[:-1], [*path, path[-1]], path[::-1] if path[::-1] != path else []):
        assert not merkle.verify_path(hashes[index], index, size, tampered, head)


@pytest.mark.parametrize("size", range(34))
def test_all_paths_at_once_are_those_of_each_leaf(size: int) -> None:
    hashes = leaves(size)
    assert merkle.paths(hashes) == [merkle.path(hashes, index) for index in range(size)]


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (5, 2)])
def test_a_place_outside_the_tree_is_refused(index: int, size: int) -> None:
    assert not merkle.verify_path(sm3(b""), index, size, [], sm3(b""))
    with pytest.raises(IndexError):
        merkle.path(leaves(max(size, 1)), index if index else 9)
