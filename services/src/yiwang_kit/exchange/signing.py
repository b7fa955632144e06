"""What makes an envelope believable: one hybrid signature over the Merkle root of a batch's headers.

A signature an envelope would cost a millisecond each; a root costs one a batch, and an envelope that travels on carries
its leaf's path, so that every later receiver checks the origin's signature and not the forwarder's word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yiwang_kit.crypto import MissingHalf, canonical_json
from yiwang_kit.crypto.merkle import leaf_hash, paths, root, verify_path
from yiwang_kit.exchange.directory import Identity, KeyDirectory

CONTEXT = "exchange"


class NotBelieved(Exception):
    """A batch or envelope whose signature, origin or place does not hold; says which. 不可信。"""


@dataclass(frozen=True)
class Proof:
    """Why one header is its origin's. 来源证明。"""

    index: int
    size: int
    path: tuple[str, ...]
    root: str
    signature: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"index": self.index, "size": self.size, "path": list(self.path), "root": self.root,
                "signature": dict(self.signature)}  # fmt: skip

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Proof:
        """Read the JSON form. Raises NotBelieved where it is none."""
        try:
            return cls(int(content["index"]), int(content["size"]), tuple(map(str, content["path"])),
                       str(content["root"]), dict(content["signature"]))  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise NotBelieved(f"来源证明格式不对 / the proof is malformed: {error}") from error


def statement(site: str, incarnation: int, head: bytes) -> bytes:
    """Return what is signed: who says it, in which incarnation, over which root."""
    return canonical_json({"site": site, "incarnation": incarnation, "root": head.hex()})


def prove(identity: Identity, headers: Sequence[Mapping[str, Any]]) -> list[Proof]:
    """Sign the root over these headers once; return each header's proof, in order."""
    leaves = [leaf_hash(canonical_json(dict(content))) for content in headers]
    if not leaves:
        return []
    head = root(leaves)
    signature = identity.key.sign(statement(identity.site, identity.incarnation, head), CONTEXT)
    return [
        Proof(index, len(leaves), tuple(step.hex() for step in audit), head.hex(), signature)
        for index, audit in enumerate(paths(leaves))
    ]


class Verifier:
    """Checks proofs against the directory; a root that was checked is not checked again within one batch. 校验器。"""

    def __init__(self, directory: KeyDirectory) -> None:
        self._directory = directory
        self._seen: set[tuple[str, int, str]] = set()

    def check(self, content: Mapping[str, Any], proof: Proof) -> None:
        """Return where the header is its origin's. Raises NotBelieved saying why not."""
        origin, incarnation = str(content["origin"]), int(content["incarnation"])
        if not _in_tree(content, proof):
            raise NotBelieved(f"{origin} 的消息与签名不符 / a header of {origin} is not under the signed root")
        place = (origin, incarnation, proof.root)
        if place not in self._seen:
            self._check_root(origin, incarnation, proof)
            self._seen.add(place)

    def _check_root(self, origin: str, incarnation: int, proof: Proof) -> None:
        key = self._directory.public_key(origin, incarnation)
        if key is None:
            raise NotBelieved(
                f"没有 {origin} 第 {incarnation} 代的有效声明 / no statement of {origin}, incarnation {incarnation}"
            )
        try:
            good = key.verify(statement(origin, incarnation, bytes.fromhex(proof.root)), proof.signature, CONTEXT)
        except (MissingHalf, ValueError) as error:
            raise NotBelieved(f"{origin} 的签名不完整 / the signature of {origin}: {error}") from error
        if not good:
            raise NotBelieved(f"{origin} 的签名无效 / the signature of {origin} is not valid")


def _in_tree(content: Mapping[str, Any], proof: Proof) -> bool:
    try:
        steps = [bytes.fromhex(step) for step in proof.path]
        head = bytes.fromhex(proof.root)
    except ValueError:
        return False
    return verify_path(leaf_hash(canonical_json(dict(content))), proof.index, proof.size, steps, head)
