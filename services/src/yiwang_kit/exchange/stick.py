"""What is carried by hand: one signed file a direction and part, read only when every byte of it is what was signed.

A file is a plain tar: batches and pieces of attachments, then the manifest that names each with size and digest, then its
signature. Nothing of it is used before all of it was checked, so half a stick changes nothing.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from yiwang_kit.crypto import MissingHalf, canonical_json, sm3
from yiwang_kit.exchange.directory import Identity, KeyDirectory

CONTEXT = "exchange-stick"
SUFFIX = ".ywx"
MANIFEST, SIGNATURE = "manifest.json", "signature.json"
BATCH, RETURNED, FILE = "batch", "returned", "file"
MANIFEST_LIMIT, MEMBER_LIMIT = 16 * 1024**2, 8 * 1024**2
BLOCK = 512
"""What tar adds around a member, at most twice."""
SMALLEST = 4 * 1024**2
"""Below this a batch or a piece might not fit; a stick that small does not exist."""


class StickRefused(Exception):
    """A stick that is not used; says why and the next command. 不采用的介质。"""

    def __init__(self, rule: str, next: str) -> None:
        super().__init__(f"{rule}. Next: {next}")
        self.rule, self.next = rule, next


@dataclass(frozen=True)
class Member:
    """A batch, a returned batch or a piece of an attachment. 介质条目。"""

    kind: str
    content: bytes
    last: int = 0
    """The last envelope of a batch."""
    digest: str = ""
    offset: int = 0
    """Where a piece belongs."""


@dataclass(frozen=True)
class Stick:
    """A stick whose signature and every member hold. 已校验的介质。"""

    path: Path
    manifest: Mapping[str, Any]

    def members(self, kind: str) -> Iterator[tuple[Mapping[str, Any], bytes]]:
        """Yield the members of a kind in order, as described and as bytes."""
        with tarfile.open(self.path, "r:") as archive:
            for item in self.manifest["members"]:
                if item["kind"] == kind:
                    content = _read(archive, item["name"], int(item["size"]))
                    _check_member(item, content)  # the medium may have been changed since it was checked
                    yield item, content


@dataclass(frozen=True)
class Page:
    """One file that was written. 已写出的介质文件。"""

    path: Path
    members: Sequence[Mapping[str, Any]]

    @property
    def last(self) -> int:
        """Return the last envelope in it; 0 where it holds none."""
        return max((int(member["last"]) for member in self.members), default=0)


Head = Callable[[int, int, bool], Mapping[str, Any]]
"""Called with (part, the last envelope of the parts before, whether more parts follow); returns the manifest's head."""


def write(
    folder: Path, name: Callable[[int], str], members: Iterator[Member], head: Head, identity: Identity, limit: int
) -> list[Page]:
    """Write members into files of at most `limit` bytes, each whole or not there; at least one, as it acknowledges, too."""
    pages: list[Page] = []
    follows, pending = 0, next(members, None)
    while not pages or pending is not None:
        part = len(pages) + 1
        with _Writing(folder, name(part), limit) as file:
            while pending is not None and file.takes(pending):
                file.add(pending)
                pending = next(members, None)
            file.seal(head(part, follows, pending is not None), identity)
        pages.append(Page(file.target, file.members))
        follows = max(follows, pages[-1].last)
    return pages


class _Writing:
    """One file while it is written: members first, what signs them last, its name at the very end."""

    def __init__(self, folder: Path, name: str, limit: int) -> None:
        self.target, self._scratch = folder / f"{name}{SUFFIX}", folder / f".{name}.partial"
        self.members: list[dict[str, Any]] = []
        self._room = limit - SMALLEST // 2  # the manifest, the signature and tar's own blocks

    def __enter__(self) -> Self:
        handle = os.open(self._scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._archive = tarfile.open(fileobj=self._file, mode="w:", format=tarfile.USTAR_FORMAT)
        return self

    def takes(self, member: Member) -> bool:
        """Return whether a member still fits; the first always does."""
        return not self.members or len(member.content) + 2 * BLOCK <= self._room

    def add(self, member: Member) -> None:
        """Write one member."""
        name = f"{len(self.members):06d}-{member.kind}"
        _add(self._archive, name, member.content)
        self.members.append(_described(name, member))
        self._room -= len(member.content) + 2 * BLOCK

    def seal(self, head: Mapping[str, Any], identity: Identity) -> None:
        """Write the manifest over every member, and its signature."""
        content = canonical_json({**head, "members": self.members})
        _add(self._archive, MANIFEST, content)
        _add(self._archive, SIGNATURE, canonical_json(dict(identity.key.sign(content, CONTEXT))))
        self._archive.close()
        self._file.flush()
        os.fsync(self._file.fileno())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._file.close()
        if kind is None:
            self._scratch.replace(self.target)
        self._scratch.unlink(missing_ok=True)


def name_of(origin: str, destination: str, made_at: datetime, part: int) -> str:
    """Return a file's name: who, to whom, when, which part; names sort in the order of reading."""
    return f"yiwang-{origin}-to-{destination}-{made_at:%Y%m%dT%H%M%SZ}-{part:03d}"


def read(path: Path, *, site: str, peers: Sequence[str], directory: KeyDirectory) -> Stick:
    """Check a file to its last byte. Raises StickRefused for everything that is not a whole stick of this pair."""
    try:
        with tarfile.open(path, "r:") as archive:
            content = _read(archive, MANIFEST)
            manifest = json.loads(content)
            _check_pair(manifest, site, peers)
            _check_signature(manifest, content, _read(archive, SIGNATURE), directory)
            for item in manifest["members"]:
                _check_member(item, _read(archive, item["name"], int(item["size"])))
    except (tarfile.TarError, EOFError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise cut_short(path, error) from error
    return Stick(path, manifest)


def cut_short(path: Path, error: Exception) -> StickRefused:
    """Return the refusal of a file that is no whole stick."""
    return StickRefused(
        f"{path.name} 不完整或不是交换介质 / is not whole, or no stick of ours ({str(error)[:120]})",
        "在对端重新导出并完整复制 / export again at the other side and copy it whole: yiwang exchange export",
    )


def _check_pair(manifest: Mapping[str, Any], site: str, peers: Sequence[str]) -> None:
    origin, destination = str(manifest["from"]), str(manifest["to"])
    if manifest.get("schema") != 1 or manifest.get("medium") != "stick":
        raise ValueError("schema")
    if destination != site:
        raise StickRefused(f"此介质由 {origin} 交给 {destination}，不是 {site} / this stick goes to {destination}",
                           f"yiwang exchange import {destination} --from FILE")  # fmt: skip
    if origin not in peers:
        raise StickRefused(f"{origin} 与本站点没有介质链路 / no link by stick leads to {origin}",
                           f"yiwang explain {site}   # 相邻站点及其链路 / its neighbours and links")  # fmt: skip


def _check_signature(manifest: Mapping[str, Any], content: bytes, signature: bytes, directory: KeyDirectory) -> None:
    origin, incarnation = str(manifest["from"]), int(manifest["incarnation"])
    key = directory.public_key(origin, incarnation)
    if key is None:
        raise StickRefused(f"没有 {origin} 第 {incarnation} 代的声明 / no statement of {origin}, incarnation {incarnation}",
                           "yiwang status   # 先取得该站点的声明 / the site's statement comes first")  # fmt: skip
    try:
        good = key.verify(content, json.loads(signature), CONTEXT)
    except MissingHalf:
        good = False
    if not good:
        raise StickRefused(f"{origin} 的签名无效，内容可能被改动 / the signature of {origin} does not hold: it was changed",
                           "在对端重新导出，并查明经手人 / export again at the other side, and find out who had it")  # fmt: skip


def _check_member(item: Mapping[str, Any], content: bytes) -> None:
    if sm3(content).hex() != item["sm3"]:
        raise StickRefused(f"{item['name']} 与签名的摘要不符 / does not fit the digest that was signed",
                           "在对端重新导出，并查明经手人 / export again at the other side, and find out who had it")  # fmt: skip


def _described(name: str, member: Member) -> dict[str, Any]:
    content = member.content
    return {"name": name, "kind": member.kind, "size": len(content), "sm3": sm3(content).hex(), "last": member.last,
            "digest": member.digest, "offset": member.offset}  # fmt: skip


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    archive.addfile(info, io.BytesIO(content))


def _read(archive: tarfile.TarFile, name: str, size: int | None = None) -> bytes:
    """Return a member's bytes. Raises ValueError where it is absent, no file, or of another size than was signed."""
    info = archive.getmember(name)
    limit = MANIFEST_LIMIT if size is None else MEMBER_LIMIT
    if not info.isreg() or info.size > limit or (size is not None and info.size != size):
        raise ValueError(f"{name}: {info.size} bytes")
    file = archive.extractfile(info)
    content = file.read(limit) if file else b""
    if len(content) != info.size:
        raise ValueError(f"{name}: {len(content)} of {info.size} bytes")
    return content
