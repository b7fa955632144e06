"""Merkle trees of RFC 6962 §2.1 with SM3 in SHA-256's place: one signature proves each envelope of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from yiwang_kit.crypto.provider import sm3

LEAF, NODE = b"\x00", b"\x01"


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of one leaf."""
    return sm3(LEAF + content)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sm3(NODE + left + right)


def split_point(size: int) -> int:
    """Return the largest power of two smaller than size (RFC 6962's k)."""
    return 1 << ((size - 1).bit_length() - 1)


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the tree head of leaf hashes; of no leaves it is the hash of nothing."""
    if not leaves:
        return sm3(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split_point(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of one leaf, from the leaf upwards. Raises IndexError outside the tree."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    k = split_point(len(leaves))
    if index < k:
        return [*path(leaves[:k], index), root(leaves[k:])]
    return [*path(leaves[k:], index - k), root(leaves[:k])]


def paths(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return the audit path of every leaf, hashing each inner node once; what `path` gives, leaf by leaf."""
    return _with_paths(leaves)[1] if leaves else []


def _with_paths(leaves: Sequence[bytes]) -> tuple[bytes, list[list[bytes]]]:
    if len(leaves) == 1:
        return leaves[0], [[]]
    k = split_point(len(leaves))
    (left, left_paths), (right, right_paths) = _with_paths(leaves[:k]), _with_paths(leaves[k:])
    for steps in left_paths:
        steps.append(right)
    for steps in right_paths:
        steps.append(left)
    return node_hash(left, right), left_paths + right_paths


def verify_path(leaf: bytes, index: int, size: int, audit: Sequence[bytes], head: bytes) -> bool:
    """Return whether the leaf stands at `index` of the tree of `size` leaves with this head (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, position, last = leaf, index, size - 1
    for sibling in audit:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == head
